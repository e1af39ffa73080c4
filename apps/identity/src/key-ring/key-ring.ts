import { keyBytes, keyedLookup, type KeyEncryptionKeys, unwrapKey, wrapKey } from '@tillid/crypto';
import type { Clock, Ids } from '@tillid/kernel';
import { refuse } from '../domain/identity.refusals.js';
import type { CitizenKeyRecords } from './citizen-key-records.js';

/** The owner of the wrapped key that is opened for ids nobody has; no citizen id looks like it. */
const nobody = 'nobody';

/** One key per citizen, held wrapped, opened when asked for, and gone when destroyed. */
export class KeyRing {
  #decoyWrapped: Buffer;

  constructor(
    readonly records: CitizenKeyRecords,
    private keyEncryptionKeys: KeyEncryptionKeys,
    /** 32 bytes; the key of an id that is nobody's follows from it. */
    private readonly decoySecret: Uint8Array,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.#decoyWrapped = wrapKey(keyEncryptionKeys, decoySecret, nobody, ids);
  }

  /** A fresh key for a citizen about to be registered. Durable before anything is sealed with it. */
  async create(citizenId: string): Promise<Buffer> {
    const key = this.ids.bytes(keyBytes);
    await this.records.add({ citizenId, wrappedKey: this.wrap(key, citizenId), addedAtMs: this.clock.nowMs() });
    return key;
  }

  /** Refused when destroyed. Whoever has a key record has a key: a missing one means that a store was lost. */
  async keyOf(citizenId: string): Promise<Buffer> {
    const record = await this.records.get(citizenId);
    if (!record) throw new Error('the key ring has no key of a registered citizen');
    if (!record.wrappedKey) throw refuse('key_ring.key_destroyed');
    return unwrapKey(this.keyEncryptionKeys, record.wrappedKey, citizenId);
  }

  /** What an unknown id gets: always the same, opens nothing, and takes the same look-up and the same unwrapping. */
  async decoyKeyOf(citizenId: string): Promise<Buffer> {
    await this.records.get(citizenId);
    unwrapKey(this.keyEncryptionKeys, this.#decoyWrapped, nobody);
    return keyedLookup(this.decoySecret, 'decoy-key', citizenId);
  }

  /** From here on `keys` wrap; what is wrapped by older ones in it still opens. */
  wrapWith(keys: KeyEncryptionKeys): void {
    this.#decoyWrapped = wrapKey(keys, this.decoySecret, nobody, this.ids);
    this.keyEncryptionKeys = keys;
  }

  unwrap(wrapped: Uint8Array, citizenId: string): Buffer {
    return unwrapKey(this.keyEncryptionKeys, wrapped, citizenId);
  }

  wrap(key: Uint8Array, citizenId: string): Buffer {
    return wrapKey(this.keyEncryptionKeys, key, citizenId, this.ids);
  }
}
