import { randomInt } from 'node:crypto';
import { mongo } from 'mongoose';
import type { CompareAndSetRecord, ExpiringStore, Vault } from '@tillid/eventsourcing';
import { recordsCollection } from './collection-shapes.js';
import { isDuplicateKey } from './duplicate-key.js';
import type { MongoDatabase } from './open-mongo.js';

interface VaultDocument { readonly _id: string; readonly ciphertext: mongo.Binary | Buffer; readonly putAtMs: number }

export async function mongoVault({ database, name }: { readonly database: MongoDatabase; readonly name: string }): Promise<Vault> {
  const records = database.connection.collection<VaultDocument>(name);
  return {
    async put({ id, ciphertext, putAtMs }) {
      try {
        await records.insertOne({ _id: id, ciphertext: new mongo.Binary(ciphertext), putAtMs });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const known = await records.findOne({ _id: id }, { promoteBuffers: true });
        if (!known || Buffer.compare(known.ciphertext as Buffer, ciphertext) !== 0) throw new Error('a vault record never changes');
      }
    },
    async get(id) {
      const found = await records.findOne({ _id: id }, { promoteBuffers: true });
      return found ? { id, ciphertext: found.ciphertext as Buffer, putAtMs: found.putAtMs } : undefined;
    },
    async delete(ids) {
      if (ids.length > 0) await records.deleteMany({ _id: { $in: [...ids] } });
    },
    async list(putBeforeMs, afterId, limit) {
      const found = await records.find({ putAtMs: { $lt: putBeforeMs }, ...(afterId !== undefined && { _id: { $gt: afterId } }) }, { projection: { _id: 1 } }).sort({ _id: 1 }).limit(limit).toArray();
      return found.map(({ _id }) => _id);
    },
    async close() {},
  };
}

interface ExpiringDocument { readonly _id: string; readonly n: number; readonly v: mongo.Binary | Buffer; readonly x: number }

export async function mongoExpiringStore({ database, name, maxEntries = 100_000 }: { readonly database: MongoDatabase; readonly name: string; readonly maxEntries?: number }): Promise<ExpiringStore> {
  const entries = database.connection.collection<ExpiringDocument>(name);
  const sweep = async (nowMs: number): Promise<number> => (await entries.deleteMany({ x: { $lte: nowMs } })).deletedCount;
  return {
    async get(key, nowMs) {
      const found = await entries.findOne({ _id: key }, { promoteBuffers: true });
      return found && found.x > nowMs ? { value: found.v as Buffer, version: found.n, expiresAtMs: found.x } : undefined;
    },
    async compareAndSet(key, expectedVersion, value, expiresAtMs, nowMs) {
      const version = randomInt(1, 2 ** 48 - 1);
      const next = { n: version, v: new mongo.Binary(value), x: expiresAtMs };
      if (expectedVersion !== 0) {
        const { matchedCount } = await entries.updateOne({ _id: key, n: expectedVersion, x: { $gt: nowMs } }, { $set: next });
        return matchedCount === 1 ? version : undefined;
      }
      const { matchedCount } = await entries.updateOne({ _id: key, x: { $lte: nowMs } }, { $set: next });
      if (matchedCount === 1) return version;
      if ((await entries.countDocuments({})) >= maxEntries && !(await entries.findOne({ _id: key })) && (await sweep(nowMs)) === 0) return undefined;
      try {
        await entries.insertOne({ _id: key, ...next });
        return version;
      } catch (error) {
        if (isDuplicateKey(error)) return undefined;
        throw error;
      }
    },
    async delete(key) {
      await entries.deleteOne({ _id: key });
    },
    sweep,
    async close() {},
  };
}

interface RecordDocument { readonly _id: string; readonly version: number; readonly value: mongo.Binary | Buffer }

export async function mongoCompareAndSetRecord({ database, name }: { readonly database: MongoDatabase; readonly name: string }): Promise<CompareAndSetRecord> {
  const records = database.connection.collection<RecordDocument>(recordsCollection);
  return {
    async get() {
      const found = await records.findOne({ _id: name }, { promoteBuffers: true });
      return found ? { value: found.value as Buffer, version: found.version } : undefined;
    },
    async compareAndSet(expectedVersion, value) {
      const next = { version: expectedVersion + 1, value: new mongo.Binary(value) };
      if (expectedVersion !== 0) return (await records.updateOne({ _id: name, version: expectedVersion }, { $set: next })).matchedCount === 1;
      try {
        await records.insertOne({ _id: name, ...next });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    async close() {},
  };
}
