import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { address, eid, type IdentityTown, identityTown, publicTask } from '../../test/identity-town.js';

let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register({ email: '' });
  return () => town.stop();
});

describe('reading a citizen', () => {
  it('gives what was asked for and is held, and records whom, by whom, what and why', async () => {
    await town.prove(citizenId, AssuranceLevel.LOW);
    const reply = await town.read(citizenId, [`${eid}dateOfBirth`, `${eid}email`, address]);
    expect(reply).toEqual({
      attributes: [{ name: `${eid}dateOfBirth`, value: '1981-07-06' }, { name: address, value: 'Havnegade 17, 5000 Odense C' }],
      level: AssuranceLevel.LOW,
      status: 'active',
      registeredAt: new Date(town.clock.ms),
    });
    const [read] = await town.events('CitizenRead');
    expect(read!.event).toMatchObject({ citizenId, attributes: [`${eid}dateOfBirth`, address] });
    expect(read!.envelope).toMatchObject({ subject: citizenId, actor: { id: 'official-1' }, authority: { basis: publicTask, purpose: 'https://w3id.org/dpv#IdentityVerification' } });
  });

  it('is one read however often the call is repeated, and answers as of the first', async () => {
    const key = town.newKey();
    const first = await town.read(citizenId, [`${eid}age`], key);
    await town.block(citizenId);
    town.clock.ms += 5 * 60_000 - 1;
    expect(await town.read(citizenId, [`${eid}age`], key)).toEqual(first);
    town.clock.ms += 400 * 86_400_000;
    // As of the first still, but a year of reading on one record is not had by repeating a call.
    expect(await town.read(citizenId, [`${eid}age`], key)).toEqual({ ...first, attributes: [] });
    expect(await town.events('CitizenRead')).toHaveLength(1);
    const later = await town.read(citizenId, [`${eid}age`]);
    expect(later).toMatchObject({ status: 'blocked', attributes: [{ value: '46' }] });
  });

  it('gives no value after an erasure, not even to a late retry', async () => {
    const key = town.newKey();
    await town.read(citizenId, [address], key);
    await town.close(citizenId, true);
    expect(await town.read(citizenId, [address], key)).toMatchObject({ attributes: [], status: 'active' });
    expect(await town.read(citizenId, [address])).toMatchObject({ attributes: [], status: 'closed' });
  });

  it('is refused, and not recorded, for an id nobody has', async () => {
    await expect(town.read(town.newKey(), [address])).rejects.toMatchObject({ code: 'identity.citizen_unknown' });
    expect(await town.events('CitizenRead')).toEqual([]);
  });

  it.each([
    ['an attribute of no vocabulary', { attributes: ['shoe size'] }],
    ['no attribute', { attributes: [] }],
    ['more than twenty', { attributes: Array.from({ length: 21 }, () => address) }],
    ['no legal basis', { basis: 'because' }],
    ['a case reference for a purpose', { purpose: 'sag-2026-1123' }],
    ['free text for a purpose', { purpose: 'checking on Ida' }],
  ])('is refused with %s', async (_what, wrong) => {
    const request = { idempotencyKey: town.newKey(), citizenId, attributes: [address], basis: publicTask, purpose: 'https://w3id.org/dpv#PublicBenefit', ...wrong };
    await expect(town.official.call(IdentityServiceService.readCitizen, request)).rejects.toMatchObject({ code: 'call.malformed' });
  });
});
