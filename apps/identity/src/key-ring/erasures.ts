import { identityEvents } from '../domain/identity.codec.js';
import type { IdentityParts } from '../identity.parts.js';
import { registeredCitizen } from '../stored-state.js';

const destructions = identityEvents.pick('EncryptionKeyDestroyed');
const appliedUpTo = 'destroyed_up_to';
const eventsAtATime = 1000;

type ErasureParts = Pick<IdentityParts, 'keyRing' | 'vault' | 'log'>;

/** What an EncryptionKeyDestroyed in the log means for the stores. Repeatable; the key goes first, then nothing opens. */
export async function erase({ keyRing, vault, log }: ErasureParts, citizenId: string): Promise<void> {
  await keyRing.records.destroy(citizenId);
  const { state } = await registeredCitizen(log, citizenId);
  await vault.delete([state.detailsId]);
}

/**
 * Every destruction the log knows and this key ring does not, before anything is served. How far it has come is kept
 * beside the keys: a key ring restored from an older backup has an older number, and so loses the same keys again.
 */
export async function applyErasures(parts: ErasureParts): Promise<void> {
  let position = (await parts.keyRing.records.number(appliedUpTo)) ?? 0;
  for (;;) {
    const page = await parts.log.store.readAll(position, eventsAtATime);
    for (const { bytes, position: at } of page) {
      const destroyed = destructions.decode(bytes, at);
      if (destroyed) await erase(parts, destroyed.event.citizenId);
    }
    const last = page.at(-1);
    if (!last) return;
    position = last.position;
    // A crash before this applies a page again, which changes nothing.
    await parts.keyRing.records.setNumber(appliedUpTo, position);
  }
}
