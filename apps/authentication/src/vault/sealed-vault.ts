import { open, seal } from '@tillid/crypto';
import type { Vault } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';

/** The citizen's key from identity's key ring; never kept longer than a minute. */
export interface CitizenKeys {
  keyOf(citizenId: string, deadlineMs?: number): Promise<Uint8Array>;
}

export type SecretKind = 'password' | 'codes' | 'verifier';

/**
 * Password hashes, codes and activation codes' verifiers, each sealed under its citizen's key. A record's id says whose
 * and what it is, so that the sweep can ask the citizen's stream whether it still counts.
 */
export class SealedVault {
  constructor(
    private readonly vault: Vault,
    private readonly keys: CitizenKeys,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Before the event that names it. A crash in between leaves a record for the sweep. */
  async put(citizenId: string, kind: SecretKind, plaintext: string | Uint8Array, deadlineMs?: number): Promise<string> {
    const id = `${citizenId}.${kind}.${this.ids.newId()}`;
    const key = await this.keys.keyOf(citizenId, deadlineMs);
    await this.vault.put({ id, ciphertext: seal(key, plaintext, id, this.ids), putAtMs: this.clock.nowMs() });
    return id;
  }

  /** Undefined when there is no such record; the key is asked for all the same, so that nobody learns it from the time. */
  async get(citizenId: string, id: string, deadlineMs?: number): Promise<Buffer | undefined> {
    const [key, record] = await Promise.all([this.keys.keyOf(citizenId, deadlineMs), this.vault.get(id)]);
    return record && open(key, record.ciphertext, id);
  }

  async delete(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.vault.delete(ids);
  }

  list(putBeforeMs: number, afterId: string | undefined, limit: number): Promise<string[]> {
    return this.vault.list(putBeforeMs, afterId, limit);
  }
}

export function citizenOfRecord(id: string): string {
  return id.slice(0, id.indexOf('.'));
}
