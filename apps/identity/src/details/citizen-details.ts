import { open, seal } from '@tillid/crypto';
import { Refused } from '@tillid/kernel';
import type { CitizenDetails } from '../domain/attributes.js';
import type { Citizen } from '../domain/citizen.decider.js';
import type { IdentityParts } from '../identity.parts.js';

/** A vault record says in its id whose it is, so that the sweep can ask that citizen's stream about it. */
const idShape = /^details-([a-z2-7]{26})-[a-z2-7]{26}$/;

export function ownerOfDetails(detailsId: string): string | undefined {
  return idShape.exec(detailsId)?.[1];
}

/** Sealed under the citizen's key, for this record only; durable when it resolves. */
export async function putDetails(parts: Pick<IdentityParts, 'vault' | 'ids' | 'clock'>, citizenId: string, key: Uint8Array, details: CitizenDetails): Promise<string> {
  const id = `details-${citizenId}-${parts.ids.newId()}`;
  await parts.vault.put({ id, ciphertext: seal(key, JSON.stringify(details), id, parts.ids), putAtMs: parts.clock.nowMs() });
  return id;
}

/** Undefined once the citizen's key is destroyed: nobody can read them any more. */
export async function readDetails({ vault, keyRing }: Pick<IdentityParts, 'vault' | 'keyRing'>, citizenId: string, { detailsId }: Citizen): Promise<CitizenDetails | undefined> {
  const key = await keyRing.keyOf(citizenId).catch(unlessDestroyed);
  if (!key) return undefined;
  const record = await vault.get(detailsId);
  // Value first, then the event: an event that names no value means that a store was lost or restored to another age.
  if (!record) throw new Error('the vault has no record that an event names');
  return JSON.parse(open(key, record.ciphertext, detailsId).toString('utf8')) as CitizenDetails;
}

function unlessDestroyed(error: unknown): undefined {
  if (error instanceof Refused && error.code === 'key_ring.key_destroyed') return undefined;
  throw error;
}
