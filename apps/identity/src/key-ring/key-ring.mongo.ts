import { Schema, type Model, type UpdateQuery } from 'mongoose';
import { isDuplicateKey, orFault, type CollectionShape, type MongoDatabase } from '@tillid/store-mongo';
import type { CitizenKeyRecords, KeyUseCounts, KeyUses } from './citizen-key-records.js';

export const keyRingDatabase = 'key-ring';
export const keyRingCollections: readonly CollectionShape[] = [
  { collection: 'citizen-keys', kind: 'citizen keys', version: 1, indexes: [{ name: 'unnamed', key: { unnamedSinceMs: 1 }, sparse: true }] },
  { collection: 'key-uses', kind: 'key uses', version: 1, indexes: [] },
  { collection: 'numbers', kind: 'numbers', version: 1, indexes: [] },
];

interface KeyDocument {
  readonly _id: string;
  /** Null once destroyed. */
  readonly wrappedKey: Buffer | null;
  /** Absent once an event names it. */
  readonly unnamedSinceMs?: number;
}
interface UsesDocument {
  /** `<day> <citizen id> <service>`: the order in which they are recorded. */
  readonly _id: string;
  readonly count: number;
}
interface NumberDocument {
  readonly _id: string;
  readonly value: number;
}

const schemaOptions = { versionKey: false, autoIndex: false, autoCreate: false } as const;

/**
 * Keys and counts of their uses in a database of their own, outside every backup of the others. Every write is in the
 * journals of a majority before it answers; StoreFault: it may be written, or be written yet. MongoDB overwrites neither
 * freed pages nor its oplog: a destroyed key is gone for good once the key that wrapped it is forgotten.
 */
export function mongoKeyRing(database: MongoDatabase): { readonly keys: CitizenKeyRecords; readonly keyUseCounts: KeyUseCounts } {
  const numbers = database.model<NumberDocument>('numbers', () => new Schema<NumberDocument>({ _id: String, value: Number }, schemaOptions));
  return { keys: citizenKeyRecords(database, numbers), keyUseCounts: keyUseCounts(database, numbers) };
}

function citizenKeyRecords(database: MongoDatabase, numbers: Model<NumberDocument>): CitizenKeyRecords {
  const schema = () => new Schema<KeyDocument>({ _id: String, wrappedKey: Buffer, unnamedSinceMs: Number }, schemaOptions);
  const keys = database.model<KeyDocument>('citizen-keys', schema);
  return {
    add: ({ citizenId, wrappedKey, addedAtMs }) => orFault(async () => {
      try {
        await keys.insertMany([{ _id: citizenId, wrappedKey, unnamedSinceMs: addedAtMs }], { lean: true });
      } catch (error) {
        throw isDuplicateKey(error) ? new Error('the citizen has a key already', { cause: error }) : error;
      }
    }),
    get: (citizenId) => orFault(async () => {
      const found = await keys.findById(citizenId, { wrappedKey: 1 }).lean<KeyDocument>();
      return found ? { wrappedKey: found.wrappedKey } : undefined;
    }),
    markNamed: (citizenIds) => orFault(async () => {
      if (citizenIds.length > 0) await keys.updateMany({ _id: { $in: citizenIds } }, { $unset: { unnamedSinceMs: '' } });
    }),
    unnamed: (addedBeforeMs, limit) => orFault(async () => {
      const found = await keys.find({ unnamedSinceMs: { $lt: addedBeforeMs } }, { _id: 1 }).sort({ unnamedSinceMs: 1 }).limit(limit).lean<KeyDocument[]>();
      return found.map(({ _id }) => _id);
    }),
    remove: (citizenIds) => orFault(async () => {
      if (citizenIds.length > 0) await keys.deleteMany({ _id: { $in: citizenIds } });
    }),
    destroy: (citizenId) => orFault(async () => {
      await keys.updateOne({ _id: citizenId }, { $set: { wrappedKey: null }, $unset: { unnamedSinceMs: '' } });
    }),
    page: (afterCitizenId, limit) => orFault(async () => {
      const found = await keys.find({ _id: { $gt: afterCitizenId }, wrappedKey: { $ne: null } }, { wrappedKey: 1 }).sort({ _id: 1 }).limit(limit).lean<KeyDocument[]>();
      return found.flatMap(({ _id, wrappedKey }) => (wrappedKey ? [{ citizenId: _id, wrappedKey }] : []));
    }),
    rewrap: (rows) => orFault(async () => {
      // Each on its own: what is not reached is still wrapped by the older key, and the next run finds it.
      const updates = rows.map(({ citizenId, from, to }) => ({ updateOne: { filter: { _id: citizenId, wrappedKey: from }, update: { $set: { wrappedKey: to } } } }));
      if (updates.length > 0) await keys.bulkWrite(updates, { ordered: false });
    }),
    number: (name) => orFault(async () => (await numbers.findById(name).lean<NumberDocument>())?.value),
    setNumber: (name, value) => orFault(() => upsert(numbers, name, { $set: { value } })),
    async close() {},
  };
}

/**
 * Counts are added one document after the other: what comes before a fault is kept, and whoever adds it all again counts
 * that part twice. Never too few: a use that was not counted would be a look at a citizen that nobody hears of.
 */
function keyUseCounts(database: MongoDatabase, numbers: Model<NumberDocument>): KeyUseCounts {
  const uses = database.model<UsesDocument>('key-uses', () => new Schema<UsesDocument>({ _id: String, count: Number }, schemaOptions));
  return {
    add: (list) => orFault(async () => {
      for (const use of list) await upsert(uses, idOf(use), { $inc: { count: use.count } });
    }),
    before: (day, limit) => orFault(async () => {
      const found = await uses.find({ _id: { $lt: day } }).sort({ _id: 1 }).limit(limit).lean<UsesDocument[]>();
      return found.map(usesOf);
    }),
    remove: (list) => orFault(async () => {
      if (list.length > 0) await uses.deleteMany({ _id: { $in: list.map(idOf) } });
    }),
    writeDecoy: () => orFault(() => upsert(numbers, 'decoys', { $inc: { value: 1 } })),
  };
}

function idOf({ day, citizenId, service }: Omit<KeyUses, 'count'>): string {
  return `${day} ${citizenId} ${service}`;
}

function usesOf({ _id, count }: UsesDocument): KeyUses {
  const [day = '', citizenId = '', service = ''] = _id.split(' ');
  return { day, citizenId, service, count };
}

/** Of two that make the same document at once, the second finds it there. */
async function upsert<Document extends { readonly _id: string }>(model: Model<Document>, _id: string, update: UpdateQuery<Document>): Promise<void> {
  const one = (whenMissing: boolean) => model.updateOne({ _id }, update, { upsert: whenMissing });
  try {
    await one(true);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    await one(false);
  }
}
