import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { type IdentityTown, identityTown } from '../../test/identity-town.js';

let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register();
  return () => town.stop();
});

describe('blocking a citizen', () => {
  it('blocks, with the reason, and is quiet the second time', async () => {
    await town.block(citizenId);
    await town.block(citizenId);
    expect(await town.statusOf(citizenId)).toBe('blocked');
    expect((await town.events('CitizenBlocked')).map(({ event }) => event)).toEqual([{ type: 'CitizenBlocked', citizenId, reason: 'reported_stolen' }]);
  });

  it('may be done by an operator', async () => {
    await town.operator.call(IdentityServiceService.blockCitizen, { idempotencyKey: town.newKey(), citizenId, reason: 'suspected_misuse' });
    expect(await town.statusOf(citizenId)).toBe('blocked');
  });

  it('does not block again when its call is repeated after the citizen was unblocked', async () => {
    const key = town.newKey();
    await town.block(citizenId, key);
    await town.unblock(citizenId);
    await town.block(citizenId, key);
    expect(await town.statusOf(citizenId)).toBe('active');
  });

  it('is refused for an unknown citizen, a closed one, and any other reason', async () => {
    await expect(town.block(town.newKey())).rejects.toMatchObject({ code: 'identity.citizen_unknown' });
    await expect(town.official.call(IdentityServiceService.blockCitizen, { idempotencyKey: town.newKey(), citizenId, reason: 'dislike' })).rejects.toMatchObject({ code: 'call.malformed' });
    await town.close(citizenId);
    await expect(town.block(citizenId)).rejects.toMatchObject({ code: 'identity.citizen_closed' });
  });
});
