import { createHash } from 'node:crypto';
import { open, seal, SealBroken } from '@tillid/crypto';
import type { ConsentRoom } from '../room.js';

/** What the citizen was shown is kept under their own key: when the key is destroyed nobody can read it any more. */
export async function keepText(room: Pick<ConsentRoom, 'vault' | 'ids' | 'log'>, key: Uint8Array, consentId: string, text: string): Promise<void> {
  await room.vault.put({ id: consentId, ciphertext: seal(key, text, placeOf(consentId), room.ids), putAtMs: room.log.clock.nowMs() });
}

/** Undefined when it is gone, or its key is. */
export async function readText(room: Pick<ConsentRoom, 'vault'>, key: Uint8Array, consentId: string): Promise<string | undefined> {
  const record = await room.vault.get(consentId);
  try {
    return record && open(key, record.ciphertext, placeOf(consentId)).toString('utf8');
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}

export function hashOfText(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

const placeOf = (consentId: string): string => `consent-text ${consentId}`;
