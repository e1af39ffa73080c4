import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { migrate, openMongo } from '@tillid/store-mongo';
import { startEngines } from '@tillid/testing';
import { keyRingCollections, mongoKeyRing } from '../src/key-ring/key-ring.mongo.js';
import { keyRingStoresContract } from './key-ring-stores-contract.js';

const engines = await startEngines({ mongo: true });
afterAll(() => engines?.stop());

describe.skipIf(!engines)('on MongoDB', () => {
  async function open(name = `tillid-spec-${randomUUID().slice(0, 13)}`) {
    const database = await openMongo({ url: engines!.mongoUrl, database: name });
    await migrate(database, { collections: keyRingCollections });
    const { keys: records, keyUseCounts: counts } = mongoKeyRing(database);
    return { name, database, records, counts, close: () => database.close(), remove: () => database.connection.dropDatabase().then(() => database.close()) };
  }

  keyRingStoresContract('on MongoDB', open);

  it('two replicas make one key of a citizen between them, and add up what both count', async () => {
    const one = await open();
    const other = await open(one.name);
    const both = [one, other];
    const added = await Promise.allSettled(both.flatMap(({ records }, replica) => Array.from({ length: 8 }, (_, index) => records.add({ citizenId: 'ida', wrappedKey: Buffer.from(`${replica} ${index}`), addedAtMs: 0 }))));
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const use = { citizenId: 'ida', service: 'consent', day: '2026-11-24' };
    await Promise.all(both.flatMap(({ counts }) => Array.from({ length: 8 }, () => counts.add([{ ...use, count: 3 }]))));
    expect(await one.counts.before('2026-11-25', 10)).toEqual([{ ...use, count: 48 }]);
    await other.close();
    await one.remove();
  });

  it('a key that one replica destroys while others wrap it anew stays destroyed', async () => {
    const { records, remove } = await open();
    for (let round = 0; round < 20; round++) {
      const citizenId = `citizen-${round}`;
      const wrappedKey = Buffer.from('first');
      await records.add({ citizenId, wrappedKey, addedAtMs: 0 });
      await Promise.all([records.rewrap([{ citizenId, from: wrappedKey, to: Buffer.from('second') }]), records.destroy(citizenId), records.rewrap([{ citizenId, from: Buffer.from('second'), to: Buffer.from('third') }])]);
      expect(await records.get(citizenId)).toEqual({ wrappedKey: null });
    }
    await remove();
  });
});
