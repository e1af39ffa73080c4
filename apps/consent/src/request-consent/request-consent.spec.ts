import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, dayMs, text, textHash, type ConsentTown } from '../../test/consent-town.js';
import { readText } from '../texts/consent-text.js';
import { sweepTexts } from '../texts/sweep-texts.js';

let town: ConsentTown;
let agreementId: string;
let citizenId: string;
let subject: string;
beforeEach(async () => {
  town = await consentTown();
  agreementId = await town.agree('egebaek', 'identity');
  citizenId = town.newKey();
  subject = await town.link(citizenId, 'egebaek');
});
afterEach(() => town.stop());

const asked = (more: object = {}) => ({
  idempotencyKey: town.newKey(), agreementId, subject, attributes: ['address'], purpose: 'kindergarten', text, textVersion: '1', language: 'da',
  expiresAt: new Date(town.clock.ms + dayMs), sharesPerDay: 1, retentionDays: 30,
  ...more,
});
const request = (more?: object) => town.egebaek.call(ConsentServiceService.requestConsent, asked(more));

describe('a service that asks for consent', () => {
  it('leaves the hash of the text in the log, and the text where only the citizen’s key opens it', async () => {
    const { consentId } = await request();
    const [, { event, bytes }] = (await town.events()) as [never, Awaited<ReturnType<typeof town.events>>[number]];
    expect(event).toMatchObject({ type: 'ConsentRequested', consentId, textHash, providerId: 'identity' });
    expect(Buffer.from(bytes).includes('adresse')).toBe(false);
    expect(Buffer.from((await town.stores.vault.get(consentId))!.ciphertext).includes('adresse')).toBe(false);
    expect(await readText(town.room, town.keys.get(citizenId)!, consentId)).toBe(text);
    expect(await readText(town.room, Buffer.alloc(32), consentId)).toBeUndefined();
  });

  it('gets the same consent when it repeats the call, even when the citizen is gone by then', async () => {
    const idempotencyKey = town.newKey();
    const first = await request({ idempotencyKey });
    expect(await request({ idempotencyKey })).toEqual(first);
    town.keys.clear();
    await town.closeCitizen(citizenId);
    expect(await request({ idempotencyKey })).toEqual(first);
    expect(await town.stores.vault.list(Infinity, undefined, 10)).toEqual([first.consentId]);
  });

  it('leaves no text behind: one that no consent names is swept after a day', async () => {
    const { consentId } = await request();
    await expect(request({ expiresAt: new Date(town.clock.ms) })).rejects.toMatchObject({ code: 'consent.expiry_in_past' });
    expect(await town.stores.vault.list(Infinity, undefined, 10)).toHaveLength(2);
    expect(await sweepTexts(town.room)).toBe(0);
    town.clock.ms += dayMs + 1;
    expect(await sweepTexts(town.room)).toBe(1);
    expect(await town.stores.vault.list(Infinity, undefined, 10)).toEqual([consentId]);
  });

  it.each([
    ['under an agreement it does not have', { agreementId: 'none' }, 'agreement.unknown'],
    ['a citizen it does not know', { subject: 'a'.repeat(26) }, 'consent.subject_unknown'],
    ['for an attribute it has no agreement for', { attributes: ['cprNumber'] }, 'agreement.does_not_allow'],
    ['for another purpose', { purpose: 'marketing' }, 'agreement.does_not_allow'],
    ['with no text', { text: '' }, 'call.malformed'],
    ['with a text nobody would read', { text: 'x'.repeat(2001) }, 'call.malformed'],
    ['with a national number for a version', { textVersion: 'v010170-1234' }, 'call.malformed'],
    ['in a language we do not speak', { language: 'fr' }, 'call.malformed'],
  ])('cannot ask %s', async (_what, more, code) => {
    await expect(request(more)).rejects.toMatchObject({ code });
    expect(await town.events()).toHaveLength(1);
  });

  it('cannot use the pseudonym a citizen has elsewhere', async () => {
    await expect(request({ subject: await town.link(citizenId, 'sundby') })).rejects.toMatchObject({ code: 'consent.subject_unknown' });
  });

  it('cannot use another service’s agreement', async () => {
    await expect(town.sundby.call(ConsentServiceService.requestConsent, asked())).rejects.toMatchObject({ code: 'agreement.unknown' });
  });

  it('cannot ask for the past, nor beyond its agreement', async () => {
    await expect(request({ expiresAt: new Date(town.clock.ms) })).rejects.toMatchObject({ code: 'consent.expiry_in_past' });
    await expect(request({ expiresAt: new Date(town.clock.ms + 301 * dayMs) })).rejects.toMatchObject({ code: 'consent.expiry_too_far' });
    town.clock.ms += 301 * dayMs;
    await expect(request()).rejects.toMatchObject({ code: 'agreement.expired' });
  });
});
