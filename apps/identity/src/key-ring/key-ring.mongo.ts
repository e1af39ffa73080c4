import { mongo } from 'mongoose';
import { isDuplicateKey, type CollectionShape, type MongoDatabase } from '@tillid/store-mongo';
import type { CitizenKeyRecords, KeyUseCounts } from './citizen-key-records.js';

export const keyRingDatabase = 'key-ring';
export const keyRingCollections: readonly CollectionShape[] = [
  { collection: 'citizen-keys', kind: 'citizen keys', version: 1, indexes: [{ name: 'unnamed', key: { unnamedSinceMs: 1 }, sparse: true }] },
  { collection: 'key-uses', kind: 'key uses', version: 1, indexes: [] },
  { collection: 'numbers', kind: 'numbers', version: 1, indexes: [] },
];

interface KeyDocument {
  readonly _id: string;
  /** Null once destroyed. */
  readonly wrappedKey: mongo.Binary | Buffer | null;
  /** Absent once an event names it. */
  readonly unnamedSinceMs?: number;
}
interface UsesDocument {
  /** "<day> <citizen id> <service>". */
  readonly _id: string;
  readonly count: number;
}
interface NumberDocument {
  readonly _id: string;
  readonly value: number;
}

export function mongoKeyRing({ connection }: MongoDatabase): { readonly keys: CitizenKeyRecords; readonly keyUseCounts: KeyUseCounts } {
  const keys = connection.collection<KeyDocument>('citizen-keys');
  const uses = connection.collection<UsesDocument>('key-uses');
  const numbers = connection.collection<NumberDocument>('numbers');
  const binary = (bytes: Uint8Array) => new mongo.Binary(bytes);
  return {
    keys: {
      async add({ citizenId, wrappedKey, addedAtMs }) {
        await keys.insertOne({ _id: citizenId, wrappedKey: binary(wrappedKey), unnamedSinceMs: addedAtMs });
      },
      async get(citizenId) {
        const found = await keys.findOne({ _id: citizenId }, { promoteBuffers: true });
        return found ? { wrappedKey: found.wrappedKey as Buffer | null } : undefined;
      },
      async markNamed(citizenIds) {
        if (citizenIds.length > 0) await keys.updateMany({ _id: { $in: [...citizenIds] } }, { $unset: { unnamedSinceMs: '' } });
      },
      async unnamed(addedBeforeMs, limit) {
        const found = await keys.find({ unnamedSinceMs: { $lt: addedBeforeMs } }, { projection: { _id: 1 } }).sort({ unnamedSinceMs: 1 }).limit(limit).toArray();
        return found.map(({ _id }) => _id);
      },
      async remove(citizenIds) {
        if (citizenIds.length > 0) await keys.deleteMany({ _id: { $in: [...citizenIds] } });
      },
      async destroy(citizenId) {
        await keys.updateOne({ _id: citizenId }, { $set: { wrappedKey: null }, $unset: { unnamedSinceMs: '' } });
      },
      async page(afterCitizenId, limit) {
        const found = await keys.find({ _id: { $gt: afterCitizenId }, wrappedKey: { $ne: null } }, { promoteBuffers: true }).sort({ _id: 1 }).limit(limit).toArray();
        return found.map(({ _id, wrappedKey }) => ({ citizenId: _id, wrappedKey: wrappedKey as Buffer }));
      },
      async rewrap(rows) {
        if (rows.length > 0) await keys.bulkWrite(rows.map(({ citizenId, from, to }) => ({ updateOne: { filter: { _id: citizenId, wrappedKey: binary(from) }, update: { $set: { wrappedKey: binary(to) } } } })));
      },
      async number(name) {
        return (await numbers.findOne({ _id: name }))?.value;
      },
      async setNumber(name, value) {
        await upsert(() => numbers.updateOne({ _id: name }, { $set: { value } }, { upsert: true }));
      },
      async close() {},
    },
    keyUseCounts: {
      async add(list) {
        for (const { day, citizenId, service, count } of list) await upsert(() => uses.updateOne({ _id: `${day} ${citizenId} ${service}` }, { $inc: { count } }, { upsert: true }));
      },
      async before(day, limit) {
        const found = await uses.find({ _id: { $lt: day } }).sort({ _id: 1 }).limit(limit).toArray();
        return found.map(({ _id, count }) => {
          const [of, citizenId, service] = _id.split(' ') as [string, string, string];
          return { day: of, citizenId, service, count };
        });
      },
      async remove(list) {
        await uses.deleteMany({ _id: { $in: list.map(({ day, citizenId, service }) => `${day} ${citizenId} ${service}`) } });
      },
      async writeDecoy() {
        await upsert(() => numbers.updateOne({ _id: 'decoys' }, { $inc: { value: 1 } }, { upsert: true }));
      },
    },
  };
}

/** Two that make the same document at once: the second finds it. */
async function upsert(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    await work();
  }
}
