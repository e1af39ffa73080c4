import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { dayMs, eid, ida, type IdentityTown, identityTown } from '../../test/identity-town.js';

let town: IdentityTown;
beforeEach(async () => {
  town = await identityTown();
  return () => town.stop();
});

const vaultIds = () => town.stores.vault.list(Infinity, undefined, 10_000);

describe('registering a citizen', () => {
  it('records names of attributes, a key and a look-up, and no value', async () => {
    const citizenId = await town.register();
    const [registered, keyCreated] = await town.events();
    expect(registered!.event).toMatchObject({ type: 'CitizenRegistered', citizenId });
    expect(registered!.envelope).toMatchObject({ subject: citizenId, clientId: '', actor: { id: 'official-1' } });
    expect(keyCreated!.event).toEqual({ type: 'EncryptionKeyCreated', citizenId });
    for (const value of Object.values(ida)) expect(Buffer.from(registered!.bytes).includes(Buffer.from(value))).toBe(false);
    expect(registered!.event).toHaveProperty('attributes', expect.arrayContaining([`${eid}fullName`, `${eid}age`, `${eid}email`]));
  });

  it('names no attribute the citizen did not give', async () => {
    await town.register({ email: '' });
    expect((await town.events('CitizenRegistered'))[0]!.event).toHaveProperty('attributes', expect.not.arrayContaining([`${eid}email`]));
  });

  it('leaves in the vault what opens under the citizen’s key alone', async () => {
    const citizenId = await town.register();
    const [id] = await vaultIds();
    const { ciphertext } = (await town.stores.vault.get(id!))!;
    for (const value of Object.values(ida)) expect(Buffer.from(ciphertext).includes(Buffer.from(value))).toBe(false);
    expect((await town.read(citizenId, [`${eid}fullName`])).attributes).toEqual([{ name: `${eid}fullName`, value: 'Ida Marie Holmsted' }]);
  });

  it('is refused for a number that is none', async () => {
    await expect(town.register({ nationalNumber: '990781-1234' })).rejects.toMatchObject({ code: 'identity.national_number_invalid' });
    expect(await town.events()).toEqual([]);
    expect(await vaultIds()).toEqual([]);
  });

  it('is refused for a number another citizen has, dash or not, and after that citizen closed', async () => {
    const citizenId = await town.register();
    await expect(town.register({ nationalNumber: '6607811234', firstName: 'Anna' })).rejects.toMatchObject({ code: 'identity.national_number_taken' });
    await town.close(citizenId, true);
    await expect(town.register()).rejects.toMatchObject({ code: 'identity.national_number_taken' });
  });

  it('gives one number to exactly one of a hundred who race for it; what the others left is gone after a day', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, (_, index) => town.register({ firstName: `Ida ${index}` })));
    const winners = outcomes.filter(({ status }) => status === 'fulfilled');
    const codes = new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [])));
    expect(winners).toHaveLength(1);
    expect(codes).toEqual(new Set(['identity.national_number_taken']));
    expect(await town.events('CitizenRegistered')).toHaveLength(1);
    expect(await vaultIds()).toHaveLength(100);

    town.clock.ms += dayMs;
    expect(await town.timed.sweepUnnamedValues()).toEqual({ values: 0, keys: 0 });
    town.clock.ms += 1;
    expect(await town.timed.sweepUnnamedValues()).toEqual({ values: 99, keys: 99 });
    expect(await vaultIds()).toHaveLength(1);
    const citizenId = (winners[0] as PromiseFulfilledResult<string>).value;
    expect((await town.read(citizenId, [`${eid}lastName`])).attributes).toHaveLength(1);
  });

  it('answers a late retry as it answered first, and leaves nothing new behind', async () => {
    const key = town.newKey();
    const citizenId = await town.register({}, key);
    await town.close(citizenId);
    expect(await town.register({}, key)).toBe(citizenId);
    expect(await vaultIds()).toHaveLength(1);
    expect(await town.stores.keys.unnamed(Infinity, 10)).toEqual([]);
  });

  it('refuses another request under a used key', async () => {
    const key = town.newKey();
    await town.register({}, key);
    await expect(town.register({ firstName: 'Otto' }, key)).rejects.toMatchObject({ code: expect.stringMatching(/reused/) as string });
  });

  it.each([
    ['firstName', ''],
    ['firstName', 'Ida\nMarie'],
    ['lastName', 'x'.repeat(101)],
    ['email', 'nobody'],
    ['address', 'x'.repeat(201)],
  ])('refuses %s that cannot be one, without repeating it', async (field, value) => {
    const refused = await town.register({ [field]: value }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'call.malformed' });
    if (value) expect(JSON.stringify(refused)).not.toContain(value);
  });

  it('is the officials’ to do', async () => {
    const request = { idempotencyKey: town.newKey(), details: ida };
    await expect(town.egebaek.call(IdentityServiceService.registerCitizen, request)).rejects.toMatchObject({ code: 'call.not_allowed' });
  });
});
