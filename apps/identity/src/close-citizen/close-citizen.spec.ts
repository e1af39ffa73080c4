import { newKeyEncryptionKeys, systemIds } from '@tillid/crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { address, type IdentityTown, identityTown, inMemoryStores } from '../../test/identity-town.js';

let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register();
  return () => town.stop();
});

const keyOf = async () => (await town.stores.keys.get(citizenId))!.wrappedKey;

describe('closing a citizen', () => {
  it('is final, and keeps the key until erasure is asked for', async () => {
    await town.close(citizenId);
    expect(await town.statusOf(citizenId)).toBe('closed');
    expect(await keyOf()).not.toBeNull();
    expect((await town.read(citizenId, [address])).attributes).toHaveLength(1);
    await expect(town.close(citizenId)).rejects.toMatchObject({ code: 'identity.citizen_closed' });
  });

  it('takes the key and the values along when asked to, and says so in one commit', async () => {
    await town.close(citizenId, true);
    const events = await town.events();
    expect(events.slice(-2).map(({ event, envelope }) => [event.type, envelope.commitSize])).toEqual([['CitizenClosed', 2], ['EncryptionKeyDestroyed', 2]]);
    expect(await keyOf()).toBeNull();
    expect(await town.stores.vault.list(Infinity, undefined, 10)).toEqual([]);
    await expect(town.useKey(citizenId)).rejects.toMatchObject({ code: 'key_ring.key_destroyed' });
  });

  it('can be followed by the erasure, once', async () => {
    await town.close(citizenId);
    await town.close(citizenId, true);
    expect(await keyOf()).toBeNull();
    expect(await town.events('CitizenClosed')).toHaveLength(1);
    await expect(town.close(citizenId, true)).rejects.toMatchObject({ code: 'identity.citizen_closed' });
  });

  it('answers a retry as it answered first', async () => {
    const key = town.newKey();
    await town.close(citizenId, true, key);
    await town.close(citizenId, true, key);
    expect(await town.events('EncryptionKeyDestroyed')).toHaveLength(1);
  });

  it('is refused for a citizen nobody registered', async () => {
    await expect(town.close(town.newKey())).rejects.toMatchObject({ code: 'identity.citizen_unknown' });
  });
});

describe('an erasure that is in the log and not in the stores', () => {
  it('is applied by the next start before anything is served: a crash in between, or a key ring from a backup', async () => {
    const keys = { current: newKeyEncryptionKeys(systemIds) };
    const before = await identityTown(inMemoryStores(), keys);
    const erased = await before.register();
    const kept = await before.register({ nationalNumber: '670781-1234' });
    const backup = inMemoryStores();
    for (const id of [erased, kept]) await backup.keys.add({ citizenId: id, wrappedKey: (await before.stores.keys.get(id))!.wrappedKey!, addedAtMs: 0 });
    await before.close(erased, true);

    const after = await identityTown({ ...before.stores, keys: backup.keys }, keys);
    expect((await backup.keys.get(erased))!.wrappedKey).toBeNull();
    expect((await after.read(erased, [address])).attributes).toEqual([]);
    expect((await after.read(kept, [address])).attributes).toHaveLength(1);
    await after.stop();
    await before.stop();
  });

  it('is applied by the same call, repeated', async () => {
    const key = town.newKey();
    const destroy = town.stores.keys.destroy.bind(town.stores.keys);
    town.stores.keys.destroy = () => Promise.reject(new Error('the disk is full'));
    await expect(town.close(citizenId, true, key)).rejects.toThrow();
    expect(await keyOf()).not.toBeNull();
    town.stores.keys.destroy = destroy;
    await town.close(citizenId, true, key);
    expect(await keyOf()).toBeNull();
    expect(await town.events('EncryptionKeyDestroyed')).toHaveLength(1);
  });
});
