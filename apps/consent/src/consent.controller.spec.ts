import { describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, dayMs, text, textHash, type ConsentTown } from '../test/consent-town.js';

describe('two receivers of one citizen', () => {
  it('hold nothing in common that names the citizen or an act of theirs', async () => {
    const town = await consentTown();
    const citizenId = town.newKey();
    for (const receiverId of ['egebaek', 'sundby'] as const) await live(town, receiverId, citizenId);
    await town.closeCitizen(citizenId);
    expect(await town.progress.waitFor('on-citizen-closed', 'identity/0', 1, AbortSignal.timeout(10_000))).toBe(true);

    const seenBy = async (clientId: string): Promise<Set<string>> => {
      const events = (await town.events()).filter(({ envelope }) => envelope.clientId === clientId && envelope.subject);
      expect(new Set(events.map(({ event }) => event.type))).toEqual(new Set(['ConsentRequested', 'ConsentGranted', 'ShareRequested', 'ShareAuthorized', 'ShareCompleted', 'ConsentWithdrawn']));
      return new Set(events.flatMap(({ envelope, event }) => [...strings(envelope), ...strings(event)]));
    };
    const [atEgebaek, atSundby] = [await seenBy('egebaek'), await seenBy('sundby')];
    const common = [...atEgebaek].filter((value) => atSundby.has(value));
    // What is the same for everyone: terms of the agreement and the text, and who provides.
    const names = ['address', 'kindergarten', 'identity', 'consent', 'address-from-identity', textHash.toString('hex'), '1', 'da', 'citizen_closed', 'consent/0'];
    expect(common.filter((value) => !names.includes(value) && !/^(tillid\.consent\.v1\.)?(Consent|Share)[A-Z][a-z]+$/.test(value))).toEqual([]);
    for (const seen of [atEgebaek, atSundby]) expect(seen).not.toContain(citizenId);
    await town.stop();
  });
});

/** Asked, granted, shared, handed over. */
async function live(town: ConsentTown, receiverId: 'egebaek' | 'sundby', citizenId: string): Promise<void> {
  const agreementId = await town.agree(receiverId, 'identity');
  const what = { attributes: ['address'], purpose: 'kindergarten' };
  const terms = { agreementId, subject: await town.link(citizenId, receiverId), text, textVersion: '1', language: 'da', expiresAt: new Date(town.clock.ms + dayMs) };
  const { consentId } = await town[receiverId].call(ConsentServiceService.requestConsent, { idempotencyKey: town.newKey(), ...what, ...terms });
  // The agent is careless and uses one name for two grants.
  await town.portal.call(ConsentServiceService.grantConsent, { idempotencyKey: town.newKey(), consentId, grantId: 'the-agents-one-grant', attributes: ['address'], textHash }, town.by(citizenId));
  const { shareId } = await town[receiverId].call(ConsentServiceService.requestShare, { idempotencyKey: town.newKey(), consentId, ...what });
  await town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId });
  await town.register.call(ConsentServiceService.completeShare, { idempotencyKey: town.newKey(), shareId });
}

/** Every text in an envelope, ids as hex. */
function* strings(value: unknown): Generator<string> {
  if (value instanceof Date || value === undefined) return;
  if (value instanceof Uint8Array) {
    if (value.length > 0) yield Buffer.from(value).toString('hex');
  } else if (typeof value === 'string') {
    if (value) yield value;
  } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* strings(part);
}
