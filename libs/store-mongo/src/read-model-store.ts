import { createHash } from 'node:crypto';
import { mongo } from 'mongoose';
import { afterPrefix, decodeDocument, encodeDocument, indexKey, rightAfter, type Checkpoint, type ReadModel, type ReadModelStore, type ReadModelTable } from '@tillid/eventsourcing';
import { checkpointsCollection, readModelCollection } from './collection-shapes.js';
import { isDuplicateKey } from './duplicate-key.js';
import type { MongoDatabase } from './open-mongo.js';

interface Row { readonly _id: string; readonly d: string | null; readonly p: Record<string, number>; readonly i?: Record<string, string>; readonly t?: boolean }
interface StoredCheckpoint { readonly _id: string; readonly consumer: string; readonly source: string; readonly position: number; readonly chain: mongo.Binary | Buffer; readonly key: mongo.Binary | Buffer; readonly headTimeMs: number }

export async function mongoReadModelStore({ database }: { readonly database: MongoDatabase }): Promise<ReadModelStore> {
  const checkpoints = database.connection.collection<StoredCheckpoint>(checkpointsCollection);
  const save = async (consumer: string, source: string, { position, chain, key, headTimeMs }: Checkpoint): Promise<void> => {
    const _id = `${consumer}\n${source}`;
    const set = { consumer, source, position, chain: new mongo.Binary(chain), key: new mongo.Binary(key), headTimeMs };
    if ((await checkpoints.updateOne({ _id, position: { $lte: position } }, { $set: set })).matchedCount === 1) return;
    await checkpoints.insertOne({ _id, ...set }).catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
    });
  };
  const get = async (consumer: string, source: string): Promise<Checkpoint | undefined> => {
    const found = await checkpoints.findOne({ _id: `${consumer}\n${source}` }, { promoteBuffers: true });
    return found ? { position: found.position, chain: found.chain as Buffer, key: found.key as Buffer, headTimeMs: found.headTimeMs } : undefined;
  };
  return {
    open: async (model) => table(database, model, save, get, async (consumer) => void (await checkpoints.deleteMany({ consumer }))),
    checkpoint: get,
    saveCheckpoint: save,
    async close() {},
  };
}

function table<Document extends object>(database: MongoDatabase, model: ReadModel<Document>, save: (consumer: string, source: string, checkpoint: Checkpoint) => Promise<void>, get: (consumer: string, source: string) => Promise<Checkpoint | undefined>, forget: (consumer: string) => Promise<void>): ReadModelTable<Document> {
  const rows = database.connection.collection<Row>(readModelCollection(model as never));
  const decode = (row: Row | null): Document | undefined => (row?.d ? decodeDocument<Document>(row.d) : undefined);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

  async function write(key: string, text: string | null, indexes: Record<string, string>, source: string, position: number): Promise<void> {
    const set = { d: text, [`p.${source}`]: position, ...(text === null ? { t: true } : Object.fromEntries(Object.entries(indexes).map(([name, value]) => [`i.${name}`, value]))) };
    const update = text === null ? { $set: set, $unset: { i: '' } } : { $set: set, $unset: { t: '' } };
    const older = { _id: key, $or: [{ [`p.${source}`]: { $exists: false } }, { [`p.${source}`]: { $lt: position } }] };
    if ((await rows.updateOne(older as never, update as never)).matchedCount === 1) return;
    try {
      await rows.updateOne({ ...older } as never, update as never, { upsert: true });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      await rows.updateOne(older as never, update as never);
    }
  }

  return {
    get: async (key) => decode(await rows.findOne({ _id: key })),
    async getMany(keys) {
      const found = await rows.find({ _id: { $in: [...keys] } }).toArray();
      return new Map(found.flatMap((row) => (row.d === null ? [] : [[row._id, decode(row)!] as const])));
    },
    async page({ index, equals = [], after, limit, descending = false }) {
      const valueOf = model.indexes[index];
      if (!valueOf) throw new Error(`read model ${model.name} has no index ${index}`);
      const prefix = indexKey(equals);
      let [from, to] = [hex(prefix), hex(afterPrefix(prefix))];
      if (after && descending) to = [hex(indexKey(after)), to].sort()[0]!;
      if (after && !descending) from = [hex(rightAfter(indexKey(after))), from].sort()[1]!;
      const found = await rows.find({ [`i.${index}`]: { $gte: from, $lt: to } } as never).sort({ [`i.${index}`]: descending ? -1 : 1 }).limit(limit + 1).toArray();
      const documents = found.slice(0, limit).map((row) => decode(row)!);
      const last = documents.at(-1);
      return { documents, ...(found.length > limit && last && { next: valueOf(last) }) };
    },
    async load(keys) {
      const found = await rows.find({ _id: { $in: [...keys] } }).toArray();
      return new Map(found.map((row) => [row._id, { document: decode(row) ?? null, positions: row.p }]));
    },
    async write({ projection, source, checkpoint, rows: written }) {
      const encoded = written.map(({ key, document, position }) => ({ key, position, text: document && encodeDocument(document), indexes: document ? Object.fromEntries(Object.entries(model.indexes).map(([name, of]) => [name, hex(indexKey(of(document)))])) : {} }));
      await Promise.all(encoded.map(({ key, text, indexes, position }) => write(key, text, indexes, source, position)));
      await save(projection, source, checkpoint);
    },
    async digest() {
      const hash = createHash('sha256');
      const live = await rows.find({ d: { $ne: null } }).toArray();
      live.sort((left, right) => Buffer.compare(Buffer.from(left._id), Buffer.from(right._id)));
      for (const { _id, d } of live) hash.update(`${JSON.stringify(_id)}:${d}\n`);
      return hash.digest('hex');
    },
    async sweep(projection) {
      let swept = 0;
      for (const row of await rows.find({ t: true }).toArray()) {
        const passed = await Promise.all(Object.entries(row.p).map(async ([source, position]) => ((await get(projection, source))?.position ?? 0) >= position));
        if (passed.every(Boolean)) swept += (await rows.deleteOne({ _id: row._id, t: true, p: row.p } as never)).deletedCount;
      }
      return swept;
    },
    async clear(projection) {
      await rows.deleteMany({});
      await forget(projection);
    },
  };
}
