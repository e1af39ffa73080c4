import { KeyEncryptionKeyForgotten, open, seal, systemIds, wrappedBy } from '@tillid/crypto';
import { inMemorySecrets } from '@tillid/testing';
import { describe, expect, it } from 'vitest';
import type { CitizenKeyRecords } from './citizen-key-records.js';
import { type KeyEncryptionKeyFile, keyEncryptionKeyFile } from './key-encryption-key-file.js';
import { KeyRing } from './key-ring.js';
import { InMemoryCitizenKeyRecords } from './key-ring.in-memory.js';
import { tendKeyEncryptionKeys } from './tend-key-encryption-keys.js';

const day = 86_400_000;
const policy = { rotateAfterMs: 30 * day, keepRetiredMs: 35 * day };

async function keyRingAt(startMs: number) {
  const file = keyEncryptionKeyFile(inMemorySecrets(), systemIds);
  const records = new InMemoryCitizenKeyRecords();
  const { keyRing, tend } = await replicaOf(records, file, { ms: startMs });
  await tend(startMs);
  return { keyRing, records, tend, keysNow: () => file.read() };
}

/** A replica of identity: its own view of the keys, the others' records and secrets. */
async function replicaOf(records: CitizenKeyRecords, file: KeyEncryptionKeyFile, clock: { ms: number }) {
  const keyRing = await KeyRing.open(records, file, Buffer.alloc(32, 7), { nowMs: () => clock.ms }, systemIds);
  return { keyRing, tend: (nowMs: number) => tendKeyEncryptionKeys(keyRing, file, policy, systemIds, nowMs) };
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
    const before = (await keysNow()).currentId;
    await tend(29 * day);
    expect((await keysNow()).currentId).toBe(before);
    await tend(30 * day);
    const { currentId } = await keysNow();
    expect(currentId).not.toBe(before);
    for (const [citizenId, key] of keys) {
      expect(await keyRing.keyOf(citizenId)).toEqual(key);
      expect(wrappedBy((await records.get(citizenId))!.wrappedKey!)).toBe(currentId);
    }
  });

  it('are forgotten once backups that need them are too old, and those backups open no more', async () => {
    const { keyRing, records, tend, keysNow } = await keyRingAt(0);
    await keyRing.create('ida');
    const inBackup = (await records.get('ida'))!.wrappedKey!;
    await records.destroy('ida');
    await tend(30 * day);
    await tend(64 * day);
    await keyRing.unwrap(inBackup, 'ida');
    await tend(65 * day);
    await expect(keyRing.unwrap(inBackup, 'ida')).rejects.toThrow(KeyEncryptionKeyForgotten);
    expect((await keysNow()).keys.has(wrappedBy(inBackup))).toBe(false);
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

describe('two replicas that wrap citizens’ keys', () => {
  /** Both have seen the same keys, and neither has looked since. */
  async function twoReplicas() {
    const records = new InMemoryCitizenKeyRecords();
    const secrets = inMemorySecrets();
    const clock = { ms: 0 };
    const file = keyEncryptionKeyFile(secrets, systemIds);
    const [a, b] = await Promise.all([replicaOf(records, file, clock), replicaOf(records, keyEncryptionKeyFile(secrets, systemIds), clock)]);
    await a.tend(0);
    return { a, b, records, clock, file };
  }

  it('open what is wrapped by a key they have not heard of', async () => {
    const { a, b } = await twoReplicas();
    await a.tend(30 * day);
    const key = await a.keyRing.create('ida');
    expect(await b.keyRing.keyOf('ida')).toEqual(key);
  });

  it('wrap with the new one a minute later at the latest, though nobody told them', async () => {
    const { a, b, records, clock } = await twoReplicas();
    await a.tend(30 * day);
    clock.ms += 60_000;
    await b.keyRing.create('ida');
    expect(wrappedBy((await records.get('ida'))!.wrappedKey!)).toBe(a.keyRing.currentId);
  });

  it('lose nothing when one rotates and forgets while the other goes on wrapping', async () => {
    const { a, b, records, clock, file } = await twoReplicas();
    const keys = new Map<string, Buffer>();
    for (let today = 1; today <= 200; today++) {
      clock.ms = today * day;
      // In the same moment: one wraps, one may rotate, rewrap and forget, one wraps as it did before.
      const [, byA, byB] = await Promise.all([a.tend(clock.ms), a.keyRing.create(`a-${today}`), b.keyRing.create(`b-${today}`)]);
      clock.ms += 30_000;
      const stale = await b.keyRing.create(`stale-${today}`);
      for (const [owner, key] of [[`a-${today}`, byA], [`b-${today}`, byB], [`stale-${today}`, stale]] as const) keys.set(owner, key);
    }
    expect((await file.read()).keys.size).toBeLessThanOrEqual(3);
    for (const [citizenId, key] of keys) {
      expect(await a.keyRing.keyOf(citizenId)).toEqual(key);
      expect(await b.keyRing.keyOf(citizenId)).toEqual(key);
    }
    expect((await records.page('', 1000)).length).toBe(keys.size);
  });

  it('make one new key between them when both find that it is time', async () => {
    const { a, b, file } = await twoReplicas();
    await Promise.all([a.tend(30 * day), b.tend(30 * day)]);
    expect((await file.read()).keys.size).toBe(2);
    expect(a.keyRing.currentId).toBe(b.keyRing.currentId);
  });

  it('never throw away the key another has just made', async () => {
    const { a, b, file } = await twoReplicas();
    await a.tend(30 * day);
    const asBSawIt = await file.read();
    await a.tend(60 * day);
    const newest = (await file.read()).currentId;
    expect(await file.replace(asBSawIt, { ...asBSawIt, keys: new Map([[asBSawIt.currentId, asBSawIt.keys.get(asBSawIt.currentId)!]]) })).toBe(false);
    await b.tend(60 * day);
    expect((await file.read()).currentId).toBe(newest);
  });

  it('refuse a ring that is broken, without a word of what is in it', async () => {
    const secrets = inMemorySecrets();
    await secrets.open('key-encryption-keys.json', () => Buffer.from('{"version":1,"currentId":"x","keys":[{"id":"x","key":"c2hvcnQ"}]}'));
    await expect(keyEncryptionKeyFile(secrets, systemIds).read()).rejects.toThrow('the secret key-encryption-keys.json is not one this version can read');
  });
});
