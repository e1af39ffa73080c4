import { Schema } from 'mongoose';
import type { CompareAndSetRecord } from '@tillid/eventsourcing';
import { bufferOf } from './buffer-of.js';
import { recordsCollection } from './collection-shapes.js';
import { isDuplicateKey } from './duplicate-key.js';
import { orFault } from './faults.js';
import { requireMigrated } from './migrate.js';
import type { MongoDatabase } from './open-mongo.js';

export interface MongoCompareAndSetRecordOptions {
  readonly database: MongoDatabase;
  readonly name: string;
}

interface RecordDocument {
  readonly _id: string;
  /** Version: 1, 2, 3 ... */
  readonly v: number;
  readonly d: Uint8Array;
}

/** One document, in the journals of a majority before it answers. StoreFault: it may be written, or be written yet; read it again. */
export async function mongoCompareAndSetRecord({ database, name }: MongoCompareAndSetRecordOptions): Promise<CompareAndSetRecord> {
  await requireMigrated(database, { records: [name] });
  const model = database.model<RecordDocument>(recordsCollection, recordSchema);

  async function create(value: Uint8Array): Promise<boolean> {
    try {
      await model.insertMany([{ _id: name, v: 1, d: value }], { lean: true });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async function update(expectedVersion: number, value: Uint8Array): Promise<boolean> {
    const { matchedCount } = await model.updateOne({ _id: name, v: expectedVersion }, { $set: { v: expectedVersion + 1, d: bufferOf(value) } });
    return matchedCount === 1;
  }

  return {
    get: () => orFault(async () => {
      const record = await model.findById(name).lean<RecordDocument>();
      return record ? { value: record.d, version: record.v } : undefined;
    }),
    compareAndSet: (expectedVersion, value) => orFault(() => (expectedVersion === 0 ? create(value) : update(expectedVersion, value))),
    async close() {},
  };
}

function recordSchema(): Schema<RecordDocument> {
  return new Schema<RecordDocument>({ _id: String, v: Number, d: Buffer as never }, { versionKey: false, autoIndex: false, autoCreate: false });
}
