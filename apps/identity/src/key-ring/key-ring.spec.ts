import { KeyEncryptionKeyForgotten, type KeyEncryptionKeys, newKeyEncryptionKeys, open, seal, systemIds, wrappedBy } from '@tillid/crypto';
import { describe, expect, it } from 'vitest';
import { KeyRing } from './key-ring.js';
import { InMemoryCitizenKeyRecords } from './key-ring.in-memory.js';
import { tendKeyEncryptionKeys } from './tend-key-encryption-keys.js';

const day = 86_400_000;
const policy = { rotateAfterMs: 30 * day, keepRetiredMs: 35 * day };

async function keyRingAt(startMs: number) {
  let keys = newKeyEncryptionKeys(systemIds);
  const file = { read: async () => keys, replace: async (next: KeyEncryptionKeys) => void (keys = next) };
  const records = new InMemoryCitizenKeyRecords();
  const keyRing = new KeyRing(records, keys, Buffer.alloc(32, 7), { nowMs: () => startMs }, systemIds);
  const tend = (nowMs: number) => tendKeyEncryptionKeys(keyRing, file, policy, systemIds, nowMs);
  await tend(startMs);
  return { keyRing, records, tend, keysNow: () => keys };
}

describe('the key ring', () => {
  it('gives a citizen the same key each time, and each citizen another', async () => {
    const { keyRing } = await keyRingAt(0);
    const key = await keyRing.create('ida');
    await keyRing.create('otto');
    expect(await keyRing.keyOf('ida')).toEqual(key);
    expect(await keyRing.keyOf('otto')).not.toEqual(key);
  });

  it('never makes a second key for a citizen', async () => {
    const { keyRing } = await keyRingAt(0);
    await keyRing.create('ida');
    await expect(keyRing.create('ida')).rejects.toThrow();
  });

  it('has no key to give once it is destroyed, and says so', async () => {
    const { keyRing, records } = await keyRingAt(0);
    await keyRing.create('ida');
    await records.destroy('ida');
    await records.destroy('ida');
    await expect(keyRing.keyOf('ida')).rejects.toMatchObject({ code: 'key_ring.key_destroyed' });
  });

  it('gives an unknown id a key that stays the same and opens nothing', async () => {
    const { keyRing } = await keyRingAt(0);
    const sealed = seal(await keyRing.create('ida'), 'Havnegade 1', 'details', systemIds);
    const decoy = await keyRing.decoyKeyOf('nobody-we-know');
    expect(decoy).toHaveLength(32);
    expect(await keyRing.decoyKeyOf('nobody-we-know')).toEqual(decoy);
    expect(await keyRing.decoyKeyOf('somebody-else')).not.toEqual(decoy);
    expect(() => open(decoy, sealed, 'details')).toThrow();
  });
});

describe('the keys that wrap citizens’ keys', () => {
  it('change after their time, and every citizen’s key stays as it was', async () => {
    const { keyRing, records, tend, keysNow } = await keyRingAt(0);
    const keys = new Map<string, Buffer>();
    for (let index = 0; index < 1100; index++) keys.set(`citizen-${index}`, await keyRing.create(`citizen-${index}`));
    const before = keysNow().currentId;
    await tend(29 * day);
    expect(keysNow().currentId).toBe(before);
    await tend(30 * day);
    expect(keysNow().currentId).not.toBe(before);
    for (const [citizenId, key] of keys) {
      expect(await keyRing.keyOf(citizenId)).toEqual(key);
      expect(wrappedBy((await records.get(citizenId))!.wrappedKey!)).toBe(keysNow().currentId);
    }
  });

  it('are forgotten once backups that need them are too old, and those backups open no more', async () => {
    const { keyRing, records, tend, keysNow } = await keyRingAt(0);
    await keyRing.create('ida');
    const inBackup = (await records.get('ida'))!.wrappedKey!;
    await records.destroy('ida');
    await tend(30 * day);
    await tend(64 * day);
    expect(() => keyRing.unwrap(inBackup, 'ida')).not.toThrow();
    await tend(65 * day);
    expect(() => keyRing.unwrap(inBackup, 'ida')).toThrow(KeyEncryptionKeyForgotten);
    expect(keysNow().keys.has(wrappedBy(inBackup))).toBe(false);
  });

  it('leave a destroyed key destroyed', async () => {
    const { keyRing, records, tend } = await keyRingAt(0);
    await keyRing.create('ida');
    const [row] = await records.page('', 1);
    await records.destroy('ida');
    await records.rewrap([{ citizenId: 'ida', from: row!.wrappedKey, to: Buffer.from('again') }]);
    await tend(30 * day);
    expect((await records.get('ida'))!.wrappedKey).toBeNull();
  });
});
