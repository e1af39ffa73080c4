import { newKeyEncryptionKeys, systemIds } from '@tillid/crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { dayMs, type IdentityTown, identityTown } from '../../test/identity-town.js';

let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register();
  return () => town.stop();
});

const uses = async (of: IdentityTown = town) => (await of.events('EncryptionKeyUsed')).map(({ event }) => event);
const used = (count: number, service = 'authentication', day = '2026-11-24') => ({ type: 'EncryptionKeyUsed', citizenId, service, day, count });

describe('using a citizen’s key', () => {
  it('gives every service the same 32 bytes', async () => {
    const { key } = await town.useKey(citizenId);
    expect(key).toHaveLength(32);
    expect(await town.useKey(citizenId, 'consentService')).toEqual({ key });
  });

  it('records the first use of a day by a service at once, and no more that day', async () => {
    await Promise.all(Array.from({ length: 20 }, () => town.useKey(citizenId)));
    await town.useKey(citizenId, 'consentService');
    expect(await uses()).toEqual([used(1), used(1, 'consent')]);
    const [first] = await town.events('EncryptionKeyUsed');
    expect(first!.envelope).toMatchObject({ subject: citizenId, clientId: '', actor: { id: 'authentication' } });
  });

  it('records the rest when the day is over, once, whoever’s timer runs', async () => {
    for (let use = 0; use < 20; use++) await town.useKey(citizenId);
    await town.timed.recordKeyUses();
    expect(await uses()).toEqual([used(1)]);
    town.clock.ms += dayMs;
    await town.useKey(citizenId);
    await town.timed.recordKeyUses();
    await town.timed.recordKeyUses();
    expect(await uses()).toEqual([used(1), used(1, 'authentication', '2026-11-25'), used(19)]);
  });

  it('records the rest once when a crash came between the event and forgetting the count', async () => {
    await town.useKey(citizenId);
    await town.useKey(citizenId);
    town.clock.ms += dayMs;
    const remove = town.stores.keyUseCounts.remove.bind(town.stores.keyUseCounts);
    town.stores.keyUseCounts.remove = () => Promise.reject(new Error('killed'));
    await expect(town.timed.recordKeyUses()).rejects.toThrow('killed');
    town.stores.keyUseCounts.remove = remove;
    await town.timed.recordKeyUses();
    expect(await uses()).toEqual([used(1), used(1)]);
    expect(await town.stores.keyUseCounts.before('9999-12-31', 10)).toEqual([]);
  });

  it('goes on counting after a restart, without recording a second first use', async () => {
    const keys = { current: newKeyEncryptionKeys(systemIds) };
    const one = await identityTown(undefined, keys);
    citizenId = await one.register();
    for (let use = 0; use < 3; use++) await one.useKey(citizenId);
    await one.timed.saveKeyUses();
    const two = await identityTown(one.stores, keys);
    for (let use = 0; use < 3; use++) await two.useKey(citizenId);
    two.clock.ms += dayMs;
    await two.timed.recordKeyUses();
    expect(await uses(two)).toEqual([used(1), used(5)]);
    await two.stop();
  });

  it('is nothing an unknown id can be told from, and leaves nothing of it in the log', async () => {
    const unknown = town.newKey();
    const { key } = await town.useKey(unknown);
    expect(key).toHaveLength(32);
    expect(await town.useKey(unknown)).toEqual({ key });
    expect(await uses()).toEqual([]);
    town.clock.ms += dayMs;
    await town.timed.recordKeyUses();
    expect(await uses()).toEqual([]);
  });

  it('is not given when it could not be recorded', async () => {
    const append = town.stores.events.append.bind(town.stores.events);
    town.stores.events.append = () => Promise.resolve({ kind: 'full', retryAfterMs: 50 });
    await expect(town.useKey(citizenId)).rejects.toMatchObject({ code: 'store.full' });
    town.stores.events.append = append;
    await town.useKey(citizenId);
    expect(await uses()).toEqual([used(1)]);
  });

  it('is for services alone', async () => {
    await expect(town.egebaek.call(KeyRingServiceService.useCitizenKey, { citizenId })).rejects.toMatchObject({ code: 'call.not_allowed' });
    await expect(town.official.call(KeyRingServiceService.useCitizenKey, { citizenId })).rejects.toMatchObject({ code: 'call.not_allowed' });
  });

  it('is over at once when the key is destroyed, and what was refused is not counted as a use', async () => {
    await town.useKey(citizenId);
    await town.useKey(citizenId);
    await town.close(citizenId, true);
    await expect(town.useKey(citizenId)).rejects.toMatchObject({ code: 'key_ring.key_destroyed' });
    town.clock.ms += dayMs;
    await town.timed.recordKeyUses();
    expect(await uses()).toEqual([used(1), used(1)]);
  });
});
