import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { consentTown, dayMs, textHash, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
let citizenId: string;
let subject: string;
let consentId: string;
beforeEach(async () => {
  town = await consentTown();
  citizenId = town.newKey();
  subject = await town.link(citizenId, 'egebaek');
  consentId = await town.ask(await town.agree('egebaek', 'identity'), subject);
});
afterEach(() => town.stop());

const asked = (more: object = {}) => ({ idempotencyKey: town.newKey(), consentId, grantId: 'a-grant-of-the-agent', attributes: ['address'], textHash, ...more });
const grant = (more?: object, by = town.by(citizenId)) => town.portal.call(ConsentServiceService.grantConsent, asked(more), by);
const types = async () => (await town.events()).map(({ event }) => event.type).slice(2);

describe('a citizen who grants', () => {
  it('allows what was shown, under the name the receiver knows', async () => {
    await grant();
    const { event, envelope } = (await town.events()).at(-1)!;
    expect(event).toMatchObject({ type: 'ConsentGranted', consentId, attributes: ['address'], textHash });
    expect(envelope).toMatchObject({ subject, clientId: 'egebaek', actor: { id: subject } });
  });

  it('grants once, however often the same grant arrives', async () => {
    const idempotencyKey = town.newKey();
    await grant({ idempotencyKey });
    await grant({ idempotencyKey });
    await grant();
    expect(await types()).toEqual(['ConsentGranted']);
  });

  it('brings nothing back by a grant that is retried late, after the withdrawal', async () => {
    const idempotencyKey = town.newKey();
    await grant({ idempotencyKey });
    await town.withdraw(consentId, citizenId);
    await grant({ idempotencyKey });
    await grant();
    await expect(grant({ grantId: 'another-grant-of-it' })).rejects.toMatchObject({ code: 'consent.withdrawn' });
    expect(await types()).toEqual(['ConsentGranted', 'ConsentWithdrawn']);
  });

  it('grants nothing when another text was shown', async () => {
    await expect(grant({ textHash: Buffer.alloc(32, 9) })).rejects.toMatchObject({ code: 'consent.text_differs' });
    await expect(grant({ textHash: Buffer.alloc(31) })).rejects.toMatchObject({ code: 'call.malformed' });
    expect(await types()).toEqual([]);
  });

  it('needs more than a password', async () => {
    await expect(grant({}, town.by(citizenId, AssuranceLevel.LOW))).rejects.toMatchObject({ code: 'consent.level_too_low' });
  });

  it('cannot grant another citizen’s, and does not learn that it is there', async () => {
    await expect(grant({}, town.by(town.newKey()))).rejects.toMatchObject({ code: 'consent.unknown' });
    await expect(grant({ consentId: 'a'.repeat(26) })).rejects.toMatchObject({ code: 'consent.unknown' });
  });

  it('cannot grant more, or for longer, than was asked', async () => {
    await expect(grant({ attributes: ['cprNumber'] })).rejects.toMatchObject({ code: 'call.malformed' });
    await expect(grant({ expiresAt: new Date(town.clock.ms + 31 * dayMs) })).rejects.toMatchObject({ code: 'call.malformed' });
    town.clock.ms += 31 * dayMs;
    await expect(grant()).rejects.toMatchObject({ code: 'consent.expired' });
  });

  it('is the citizen, in the citizen’s own rooms', async () => {
    await expect(town.egebaek.call(ConsentServiceService.grantConsent, asked(), town.by(citizenId))).rejects.toMatchObject({ code: 'call.not_allowed' });
    await expect(town.portal.call(ConsentServiceService.grantConsent, asked())).rejects.toMatchObject({ code: expect.stringMatching(/^(call|token)\./) });
  });
});
