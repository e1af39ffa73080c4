import { beforeEach, describe, expect, it } from 'vitest';
import { type IdentityTown, identityTown } from '../../test/identity-town.js';

let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register();
  return () => town.stop();
});

describe('unblocking a citizen', () => {
  it('opens what was blocked', async () => {
    await town.block(citizenId);
    await town.unblock(citizenId);
    expect(await town.statusOf(citizenId)).toBe('active');
  });

  it('does not open a later block when its call is repeated', async () => {
    const key = town.newKey();
    await town.block(citizenId);
    await town.unblock(citizenId, key);
    await town.block(citizenId);
    await town.unblock(citizenId, key);
    expect(await town.statusOf(citizenId)).toBe('blocked');
  });

  it('is refused where nothing is blocked, and for a closed citizen', async () => {
    await expect(town.unblock(citizenId)).rejects.toMatchObject({ code: 'identity.not_blocked' });
    await expect(town.unblock(town.newKey())).rejects.toMatchObject({ code: 'identity.citizen_unknown' });
    await town.block(citizenId);
    await town.close(citizenId);
    await expect(town.unblock(citizenId)).rejects.toMatchObject({ code: 'identity.citizen_closed' });
  });
});
