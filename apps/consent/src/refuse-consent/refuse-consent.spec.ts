import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
let citizenId: string;
let consentId: string;
beforeEach(async () => {
  town = await consentTown();
  citizenId = town.newKey();
  consentId = await town.ask(await town.agree('egebaek', 'identity'), await town.link(citizenId, 'egebaek'));
});
afterEach(() => town.stop());

const refuse = (by = citizenId) => town.portal.call(ConsentServiceService.refuseConsent, { idempotencyKey: town.newKey(), consentId }, town.by(by));

describe('a citizen who says no', () => {
  it('is not asked again by a late grant', async () => {
    await refuse();
    await refuse();
    await expect(town.grant(consentId, citizenId)).rejects.toMatchObject({ code: 'consent.refused' });
    expect((await town.events()).map(({ event }) => event.type)).toEqual(['AgreementRegistered', 'ConsentRequested', 'ConsentRefused']);
  });

  it('withdraws what was granted instead', async () => {
    await town.grant(consentId, citizenId);
    await expect(refuse()).rejects.toMatchObject({ code: 'consent.granted_already' });
  });

  it('cannot say no for another', async () => {
    await expect(refuse(town.newKey())).rejects.toMatchObject({ code: 'consent.unknown' });
  });
});
