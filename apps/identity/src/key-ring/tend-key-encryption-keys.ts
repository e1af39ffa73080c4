import { setImmediate as letOthersRun } from 'node:timers/promises';
import { forgetKeyEncryptionKey, type KeyEncryptionKeys, rotateKeyEncryptionKey, wrappedBy } from '@tillid/crypto';
import type { Ids } from '@tillid/kernel';
import type { KeyEncryptionKeyFile } from './key-encryption-key-file.js';
import type { KeyRing } from './key-ring.js';

export interface KeyEncryptionKeyPolicy {
  /** A key-encryption key wraps for this long, then a new one does. */
  readonly rotateAfterMs: number;
  /** A retired one is kept this long, because backups of the key ring still need it; then erasure has reached them. */
  readonly keepRetiredMs: number;
}

const rowsAtATime = 500;

/**
 * Rotation, in one pass that runs at start and once a day, in any replica or in several at once. It asks what is there
 * instead of where it was, so a crash anywhere leaves only work that the next pass finds.
 */
export async function tendKeyEncryptionKeys(keyRing: KeyRing, file: KeyEncryptionKeyFile, policy: KeyEncryptionKeyPolicy, ids: Ids, nowMs: number): Promise<void> {
  let keys = await file.read();
  const wrappingSinceMs = await since(keyRing, `wrapping:${keys.currentId}`, nowMs);
  if (nowMs - wrappingSinceMs >= policy.rotateAfterMs) {
    const rotated = rotateKeyEncryptionKey(keys, ids);
    // Kept before it wraps anything. A crash after this leaves a new key that wraps nothing yet: nothing is lost.
    // Where another replica was first, its new key wraps.
    keys = (await file.replace(keys, rotated)) ? rotated : await file.read();
    await since(keyRing, `wrapping:${keys.currentId}`, nowMs);
  }
  keyRing.wrapWith(keys);
  await rewrapAll(keyRing);
  await forgetRetired(keyRing, file, keys, policy.keepRetiredMs, nowMs);
}

async function rewrapAll(keyRing: KeyRing): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await keyRing.records.page(after, rowsAtATime);
    const old = rows.filter(({ wrappedKey }) => wrappedBy(wrappedKey) !== keyRing.currentId);
    const rewrapped = [];
    for (const { citizenId, wrappedKey } of old) rewrapped.push({ citizenId, from: wrappedKey, to: keyRing.wrap(await keyRing.unwrap(wrappedKey, citizenId), citizenId) });
    await keyRing.records.rewrap(rewrapped);
    await letOthersRun();
    const last = rows.at(-1);
    if (!last) return;
    after = last.citizenId;
  }
}

/** Only after a whole pass of rewrapAll: nothing in use is wrapped by these any more. */
async function forgetRetired(keyRing: KeyRing, file: KeyEncryptionKeyFile, keys: KeyEncryptionKeys, keepRetiredMs: number, nowMs: number): Promise<void> {
  let kept = keys;
  for (const id of keys.keys.keys()) {
    if (id === keys.currentId) continue;
    const retiredAtMs = await since(keyRing, `retired:${id}`, nowMs);
    if (nowMs - retiredAtMs >= keepRetiredMs) kept = forgetKeyEncryptionKey(kept, id);
  }
  // Changed meanwhile: what is due now is still due at the next pass.
  if (kept === keys || !(await file.replace(keys, kept))) return;
  keyRing.wrapWith(kept);
}

/** The instant something was first seen; now, if that was never. */
async function since(keyRing: KeyRing, name: string, nowMs: number): Promise<number> {
  const known = await keyRing.records.number(name);
  if (known === undefined) await keyRing.records.setNumber(name, nowMs);
  return known ?? nowMs;
}
