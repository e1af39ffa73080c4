import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { beforeEach, describe, expect, it } from 'vitest';
import { type IdentityTown, identityTown } from '../../test/identity-town.js';

const { LOW, SUBSTANTIAL, HIGH, UNSPECIFIED } = AssuranceLevel;
let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register();
  return () => town.stop();
});

describe('proving who a citizen is', () => {
  it('takes two officials for level high', async () => {
    expect(await town.prove(citizenId, HIGH)).toEqual({ proved: false, level: UNSPECIFIED });
    await expect(town.prove(citizenId, HIGH)).rejects.toMatchObject({ code: 'identity.same_official' });
    expect(await town.prove(citizenId, HIGH, 'secondOfficial')).toEqual({ proved: true, level: HIGH });
    const [proved] = await town.events('IdentityProved');
    expect(proved!.event).toMatchObject({ proposedBy: 'official-1', provedBy: 'official-2', evidenceKind: 'passport' });
  });

  it('answers a late retry of the proposal as then, though it is proved since', async () => {
    const key = town.newKey();
    await town.prove(citizenId, LOW);
    const first = await town.prove(citizenId, HIGH, 'official', 'passport', key);
    await town.prove(citizenId, HIGH, 'secondOfficial');
    expect(first).toEqual({ proved: false, level: LOW });
    expect(await town.prove(citizenId, HIGH, 'official', 'passport', key)).toEqual(first);
    expect(await town.events('IdentityProofProposed')).toHaveLength(1);
  });

  it('lets one of two who race to prove it win, and tells the other it is reached', async () => {
    await town.prove(citizenId, SUBSTANTIAL);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => town.prove(citizenId, HIGH, 'official')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const second = await Promise.allSettled(Array.from({ length: 8 }, () => town.prove(citizenId, HIGH, 'secondOfficial')));
    expect(second.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await town.events('IdentityProved')).toHaveLength(2);
  });

  it('is refused for a citizen nobody has registered, and for one who is closed', async () => {
    await expect(town.prove(town.newKey(), LOW)).rejects.toMatchObject({ code: 'identity.citizen_unknown' });
    await town.close(citizenId);
    await expect(town.prove(citizenId, LOW)).rejects.toMatchObject({ code: 'identity.citizen_closed' });
  });

  it.each([
    [UNSPECIFIED, 'passport'],
    [7 as AssuranceLevel, 'passport'],
    [LOW, 'a friend says so'],
  ])('is refused without a level and a known kind of evidence: %s, %s', async (level, evidence) => {
    await expect(town.prove(citizenId, level, 'official', evidence)).rejects.toMatchObject({ code: 'call.malformed' });
  });
});
