import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, dayMs, publicTask, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
beforeEach(async () => void (town = await consentTown()));
afterEach(() => town.stop());

const asked = (more: object = {}) => ({
  idempotencyKey: town.newKey(), agreementId: 'next-of-kin', receiverId: 'sundby', providerId: 'identity',
  attributes: ['address'], purposes: ['treatment'], legalBases: [publicTask], expiresAt: new Date(town.clock.ms + dayMs),
  ...more,
});
const register = (more?: object) => town.operator.call(ConsentServiceService.registerAgreement, asked(more));

describe('an operator who registers an agreement', () => {
  it('registers what a receiver may ask a provider for', async () => {
    await register();
    expect((await town.events()).map(({ event }) => event)).toEqual([
      { type: 'AgreementRegistered', agreementId: 'next-of-kin', receiverId: 'sundby', providerId: 'identity', attributes: ['address'], purposes: ['treatment'], legalBases: [publicTask], expiresAtMs: town.clock.ms + dayMs },
    ]);
  });

  it('hears the same when the call is repeated, and "taken" for another agreement of that name', async () => {
    const idempotencyKey = town.newKey();
    await register({ idempotencyKey });
    await register({ idempotencyKey });
    await expect(register({ attributes: ['fullName'] })).rejects.toMatchObject({ code: 'agreement.taken' });
    expect(await town.events()).toHaveLength(1);
  });

  it('may use the same name for another receiver', async () => {
    await register();
    await register({ receiverId: 'egebaek' });
  });

  it.each([
    ['a receiver nobody knows', { receiverId: 'nobody' }, 'client.unknown'],
    ['a provider nobody knows', { providerId: 'nobody' }, 'client.unknown'],
    ['a provider that is none', { providerId: 'egebaek' }, 'client.unknown'],
    ['consent as a legal basis', { legalBases: ['https://w3id.org/dpv/legal/eu/gdpr#A6-1-a'] }, 'call.malformed'],
    ['no attribute', { attributes: [] }, 'call.malformed'],
    ['an attribute twice', { attributes: ['address', 'address'] }, 'call.malformed'],
    ['no end', { expiresAt: undefined }, 'call.malformed'],
    ['a name that would break a stream', { agreementId: 'a@1' }, 'call.malformed'],
  ])('may not name %s', async (_what, more, code) => {
    await expect(register(more)).rejects.toMatchObject({ code });
    expect(await town.events()).toEqual([]);
  });

  it('is the only one who may', async () => {
    await expect(town.egebaek.call(ConsentServiceService.registerAgreement, asked())).rejects.toMatchObject({ code: 'call.not_allowed' });
  });
});
