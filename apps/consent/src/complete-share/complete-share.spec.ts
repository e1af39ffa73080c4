import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
let shareId: string;
let citizenId: string;
let consentId: string;
beforeEach(async () => {
  town = await consentTown();
  await town.agree('egebaek', 'identity');
  ({ citizenId, consentId } = await town.consenting('identity'));
  shareId = await town.share(consentId);
});
afterEach(() => town.stop());

const complete = (who: 'register' | 'fjordbanken' = 'register') => town[who].call(ConsentServiceService.completeShare, { idempotencyKey: town.newKey(), shareId });
const authorize = () => town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId: 'egebaek' });
const completed = async () => (await town.events()).filter(({ event }) => event.type === 'ShareCompleted');

describe('a provider that has handed over', () => {
  it('says so once, however often it says it', async () => {
    await authorize();
    await complete();
    await complete();
    expect(await completed()).toHaveLength(1);
  });

  it('may still say so after the withdrawal: it happened', async () => {
    await authorize();
    await town.withdraw(consentId, citizenId);
    await complete();
    expect(await completed()).toHaveLength(1);
  });

  it('cannot say so without a yes, nor for another', async () => {
    await expect(complete()).rejects.toMatchObject({ code: 'share.not_authorized' });
    await authorize();
    await expect(complete('fjordbanken')).rejects.toMatchObject({ code: 'share.not_the_provider' });
    expect(await completed()).toEqual([]);
  });
});
