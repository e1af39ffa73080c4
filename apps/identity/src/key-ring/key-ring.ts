import { keyBytes, keyedLookup, type KeyEncryptionKeys, unwrapKey, wrapKey, wrappedBy } from '@tillid/crypto';
import type { Clock, Ids } from '@tillid/kernel';
import { refuse } from '../domain/identity.refusals.js';
import type { CitizenKeyRecords } from './citizen-key-records.js';
import type { KeyEncryptionKeyFile } from './key-encryption-key-file.js';

/** The owner of the wrapped key that is opened for ids nobody has; no citizen id looks like it. */
const nobody = 'nobody';
/** Another replica's new key wraps here too after this long: long before the old one is forgotten, which takes days. */
const keysHeldMs = 60_000;

/** One key per citizen, held wrapped, opened when asked for, and gone when destroyed. */
export class KeyRing {
  #decoyWrapped: Buffer;
  #readAtMs: number;

  private constructor(
    readonly records: CitizenKeyRecords,
    private keyEncryptionKeys: KeyEncryptionKeys,
    private readonly file: Pick<KeyEncryptionKeyFile, 'read'>,
    /** 32 bytes; the key of an id that is nobody's follows from it. */
    private readonly decoySecret: Uint8Array,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.#decoyWrapped = wrapKey(keyEncryptionKeys, decoySecret, nobody, ids);
    this.#readAtMs = clock.nowMs();
  }

  static async open(records: CitizenKeyRecords, file: Pick<KeyEncryptionKeyFile, 'read'>, decoySecret: Uint8Array, clock: Clock, ids: Ids): Promise<KeyRing> {
    return new KeyRing(records, await file.read(), file, decoySecret, clock, ids);
  }

  /** Of the key that wraps, as far as this replica knows. */
  get currentId(): string {
    return this.keyEncryptionKeys.currentId;
  }

  /** A fresh key for a citizen about to be registered. Durable before anything is sealed with it. */
  async create(citizenId: string): Promise<Buffer> {
    if (Math.abs(this.clock.nowMs() - this.#readAtMs) >= keysHeldMs) await this.#readAgain();
    const key = this.ids.bytes(keyBytes);
    await this.records.add({ citizenId, wrappedKey: this.wrap(key, citizenId), addedAtMs: this.clock.nowMs() });
    return key;
  }

  /** Refused when destroyed. Whoever has a key record has a key: a missing one means that a store was lost. */
  async keyOf(citizenId: string): Promise<Buffer> {
    const record = await this.records.get(citizenId);
    if (!record) throw new Error('the key ring has no key of a registered citizen');
    if (!record.wrappedKey) throw refuse('key_ring.key_destroyed');
    return this.unwrap(record.wrappedKey, citizenId);
  }

  /** What an unknown id gets: always the same, opens nothing, and takes the same look-up and the same unwrapping. */
  async decoyKeyOf(citizenId: string): Promise<Buffer> {
    await this.records.get(citizenId);
    await this.unwrap(this.#decoyWrapped, nobody);
    return keyedLookup(this.decoySecret, 'decoy-key', citizenId);
  }

  /** From here on `keys` wrap; what is wrapped by older ones in it still opens. */
  wrapWith(keys: KeyEncryptionKeys): void {
    this.#decoyWrapped = wrapKey(keys, this.decoySecret, nobody, this.ids);
    this.keyEncryptionKeys = keys;
  }

  /** Throws KeyEncryptionKeyForgotten only when no replica has the wrapping key any more. */
  async unwrap(wrapped: Uint8Array, citizenId: string): Promise<Buffer> {
    if (!this.keyEncryptionKeys.keys.has(wrappedBy(wrapped))) await this.#readAgain();
    return unwrapKey(this.keyEncryptionKeys, wrapped, citizenId);
  }

  wrap(key: Uint8Array, citizenId: string): Buffer {
    return wrapKey(this.keyEncryptionKeys, key, citizenId, this.ids);
  }

  async #readAgain(): Promise<void> {
    const atMs = this.clock.nowMs();
    this.wrapWith(await this.file.read());
    this.#readAtMs = atMs;
  }
}
