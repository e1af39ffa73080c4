import { randomInt } from 'node:crypto';
import { Schema } from 'mongoose';
import type { ExpiringStore } from '@tillid/eventsourcing';
import { bufferOf } from './buffer-of.js';
import { isDuplicateKey } from './duplicate-key.js';
import { orFault } from './faults.js';
import { requireMigrated } from './migrate.js';
import type { MongoDatabase } from './open-mongo.js';

export interface MongoExpiringStoreOptions {
  readonly database: MongoDatabase;
  readonly name: string;
  /** Entries held at most, give or take those being written at this moment; beyond it new keys are refused. Default 100,000. */
  readonly maxEntries?: number;
}

interface EntryDocument {
  readonly _id: string;
  /** Version. */
  readonly v: number;
  readonly d: Uint8Array;
  /** Deadline, on the clock of whoever asks: MongoDB's own expiry would go by another, and is not used. */
  readonly x: number;
}

/** What lives for minutes. StoreFault: it may be written, or be written yet. */
export async function mongoExpiringStore({ database, name, maxEntries = 100_000 }: MongoExpiringStoreOptions): Promise<ExpiringStore> {
  await requireMigrated(database, { expiringStores: [name] });
  const model = database.model<EntryDocument>(name, entrySchema);

  async function replace(key: string, where: object, entry: Omit<EntryDocument, '_id'>): Promise<number | undefined> {
    const { matchedCount } = await model.updateOne({ _id: key, ...where }, { $set: entry });
    return matchedCount === 1 ? entry.v : undefined;
  }

  async function insert(key: string, entry: Omit<EntryDocument, '_id'>): Promise<number | undefined> {
    try {
      await model.insertMany([{ _id: key, ...entry }], { lean: true });
      return entry.v;
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  /** Absent, most likely; else past its deadline, and not swept yet. */
  async function take(key: string, nowMs: number, entry: Omit<EntryDocument, '_id'>): Promise<number | undefined> {
    const full = (await model.estimatedDocumentCount()) >= maxEntries;
    const taken = (full ? undefined : await insert(key, entry)) ?? (await replace(key, { x: { $lte: nowMs } }, entry));
    if (taken !== undefined || !full || (await sweep(nowMs)) === 0) return taken;
    return insert(key, entry);
  }

  async function sweep(nowMs: number): Promise<number> {
    return (await model.deleteMany({ x: { $lte: nowMs } })).deletedCount;
  }

  return {
    get: (key, nowMs) => orFault(async () => {
      const entry = await model.findOne({ _id: key, x: { $gt: nowMs } }).lean<EntryDocument>();
      return entry ? { value: entry.d, version: entry.v, expiresAtMs: entry.x } : undefined;
    }),
    compareAndSet: (key, expectedVersion, value, expiresAtMs, nowMs) => orFault(() => {
      // Versions never come back, so whoever holds the version of a deleted entry can't change its successor: 48 random
      // bits, which no two writers share.
      const entry = { v: randomInt(1, 2 ** 48 - 1), d: bufferOf(value), x: expiresAtMs };
      return expectedVersion === 0 ? take(key, nowMs, entry) : replace(key, { v: expectedVersion, x: { $gt: nowMs } }, entry);
    }),
    delete: (key) => orFault(async () => void (await model.deleteOne({ _id: key }))),
    sweep: (nowMs) => orFault(() => sweep(nowMs)),
    async close() {},
  };
}

function entrySchema(): Schema<EntryDocument> {
  return new Schema<EntryDocument>({ _id: String, v: Number, d: Buffer as never, x: Number }, { versionKey: false, autoIndex: false, autoCreate: false });
}
