import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { raceWithdrawals } from '../../test/race-withdrawals.js';
import { consentTown, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
beforeEach(async () => {
  town = await consentTown();
  await town.agree('egebaek', 'identity');
});
afterEach(() => town.stop());

describe('a citizen who withdraws', () => {
  it('stops the next share, and the one that was asked for', async () => {
    const { citizenId, consentId } = await town.consenting('identity');
    const shareId = await town.share(consentId);
    await town.withdraw(consentId, citizenId);
    await expect(town.share(consentId)).rejects.toMatchObject({ code: 'consent.withdrawn' });
    await expect(town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId: 'egebaek' })).rejects.toMatchObject({ code: 'consent.withdrawn' });
  });

  it('changes nothing by withdrawing again', async () => {
    const { citizenId, consentId } = await town.consenting('identity');
    await town.withdraw(consentId, citizenId);
    await town.withdraw(consentId, citizenId);
    expect((await town.events()).filter(({ event }) => event.type === 'ConsentWithdrawn')).toHaveLength(1);
  });

  it('has nothing to withdraw that was only asked, or is another’s', async () => {
    const asker = town.newKey();
    const consentId = await town.ask('address-from-identity', await town.link(asker, 'egebaek'));
    await expect(town.withdraw(consentId, asker)).rejects.toMatchObject({ code: 'consent.never_granted' });
    await town.grant(consentId, asker);
    await expect(town.withdraw(consentId, town.newKey())).rejects.toMatchObject({ code: 'consent.unknown' });
  });

  it('is never shared about afterwards: a thousand races', async () => {
    const { after, before, refused } = await raceWithdrawals(town, 1000);
    expect(after).toBe(0);
    // The race is one: both sides win some.
    expect(before).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});
