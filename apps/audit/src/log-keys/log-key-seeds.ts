import type { Ids } from '@tillid/kernel';
import { parseSecret, type Secrets } from '@tillid/crypto';
import { noteSigner, parseVkey, vkeyOf, type NoteSigner, type NoteVerifier } from '@tillid/transparency';

/** A key of the log that we have. */
export interface HeldKey {
  readonly vkey: string;
  readonly seed: Buffer;
  readonly signer: NoteSigner;
  readonly verifier: NoteVerifier;
}

/** The seeds we have, oldest first, 32 bytes each: one; or one and the next, from before it is announced until the old one is done. */
export const logKeySecret = 'log-signing.key';
const seedBytes = 32;
const seedsMax = 8;

export function openLogKeySeeds(secrets: Secrets, ids: Ids): Promise<Buffer> {
  return secrets.open(logKeySecret, () => ids.bytes(seedBytes));
}

export function heldKeys(origin: string, content: Uint8Array): readonly HeldKey[] {
  return parseSecret(logKeySecret, content, (bytes) => {
    if (bytes.length === 0 || bytes.length % seedBytes !== 0 || bytes.length > seedsMax * seedBytes) throw new Error('seeds are 32 bytes each');
    return Array.from({ length: bytes.length / seedBytes }, (_, index) => {
      const seed = Buffer.from(bytes.subarray(index * seedBytes, (index + 1) * seedBytes));
      const vkey = vkeyOf(origin, seed);
      return { vkey, seed, signer: noteSigner(origin, seed), verifier: parseVkey(vkey) };
    });
  });
}

/** The same and one more; its id is none that the log has had, or signatures could not be told apart. */
export function withNextSeed(origin: string, content: Uint8Array, ids: Pick<Ids, 'bytes'>, taken: readonly number[]): Buffer {
  for (;;) {
    const seed = ids.bytes(seedBytes);
    if (!taken.includes(noteSigner(origin, seed).keyId)) return Buffer.concat([content, seed]);
  }
}
