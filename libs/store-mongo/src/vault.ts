import { Schema } from 'mongoose';
import type { Vault } from '@tillid/eventsourcing';
import { isDuplicateKey } from './duplicate-key.js';
import { orFault } from './faults.js';
import { requireMigrated } from './migrate.js';
import type { MongoDatabase } from './open-mongo.js';

export interface MongoVaultOptions {
  readonly database: MongoDatabase;
  readonly name: string;
}

interface VaultDocument {
  readonly _id: string;
  readonly d: Uint8Array;
  /** When it was put. */
  readonly at: number;
}

/**
 * Immutable records. What is deleted is gone from the collection; MongoDB overwrites neither freed pages nor its oplog,
 * so that a secret is gone for good rests on its citizen's key and on encryption at rest, not on this.
 */
export async function mongoVault({ database, name }: MongoVaultOptions): Promise<Vault> {
  await requireMigrated(database, { vaults: [name] });
  const model = database.model<VaultDocument>(name, vaultSchema);
  const get = async (id: string) => (await model.findById(id).lean<VaultDocument>()) ?? undefined;

  return {
    put: ({ id, ciphertext, putAtMs }) => orFault(async () => {
      try {
        await model.insertMany([{ _id: id, d: ciphertext, at: putAtMs }], { lean: true });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const stored = await get(id);
        // Refused for a record that no majority has yet, or that was deleted since: whoever put it puts it again.
        if (!stored) throw error;
        if (Buffer.compare(stored.d, ciphertext) !== 0) throw new Error('a vault record never changes', { cause: error });
      }
    }),
    get: (id) => orFault(async () => {
      const record = await get(id);
      return record && { id, ciphertext: record.d, putAtMs: record.at };
    }),
    delete: (ids) => orFault(async () => {
      if (ids.length > 0) await model.deleteMany({ _id: { $in: ids } });
    }),
    list: (putBeforeMs, afterId, limit) => orFault(async () => {
      const records = await model.find({ _id: { $gt: afterId ?? '' }, at: { $lt: putBeforeMs } }, { _id: 1 }).sort({ _id: 1 }).limit(limit).lean<VaultDocument[]>();
      return records.map((record) => record._id);
    }),
    async close() {},
  };
}

function vaultSchema(): Schema<VaultDocument> {
  return new Schema<VaultDocument>({ _id: String, d: Buffer as never, at: Number }, { versionKey: false, autoIndex: false, autoCreate: false });
}
