import { createHash } from 'node:crypto';
import type { Model } from 'mongoose';
import { pageBounds, rowDigestText, type PageQuery, type ReadModel, type ReadModelSnapshot, type ReadModelTable } from '@tillid/eventsourcing';
import type { Checkpoints } from './checkpoints.js';
import { readModelCollection } from './collection-shapes.js';
import { orFault } from './faults.js';
import type { MongoDatabase } from './open-mongo.js';
import { documentOf, pageKey, positionsOf, rowSchema, type Row } from './read-model-row.js';
import { rowWriter } from './row-writer.js';
import { sweepTombstones } from './tombstones.js';

export function readModelTable<Document extends object>(database: MongoDatabase, checkpoints: Checkpoints, declared: ReadModel<Document>): ReadModelTable<Document> {
  const rows: Model<Row> = database.model<Row>(readModelCollection(declared), () => rowSchema(declared));
  const writeRows = rowWriter(rows, declared);

  async function page(query: PageQuery) {
    const { index, limit, descending } = query;
    const valueOf = declared.indexes[index];
    if (!valueOf) throw new Error(`read model ${declared.name} has no index ${index}`);
    const field = `i.${index}`;
    const [from, below] = pageBounds(query);
    const found = await rows.find({ [field]: { $gte: pageKey(from), $lt: pageKey(below) } }, { d: 1 }).sort({ [field]: descending ? -1 : 1 }).limit(limit + 1).lean<Row[]>();
    const documents = found.slice(0, limit).map((row) => documentOf<Document>(row)!);
    const last = documents.at(-1);
    return { documents, ...(found.length > limit && last && { next: valueOf(last) }) };
  }

  return {
    get: (key) => orFault(async () => documentOf<Document>(await rows.findById(key, { d: 1 }).lean<Row>())),
    getMany: (keys) => orFault(async () => {
      const found = await rows.find({ _id: { $in: keys }, t: { $exists: false } }, { d: 1 }).lean<Row[]>();
      return new Map(found.map((row) => [row._id, documentOf<Document>(row)!]));
    }),
    page: (query) => orFault(() => page(query)),
    load: (keys) => orFault(async () => {
      const found = await rows.find({ _id: { $in: keys } }, { d: 1, p: 1 }).lean<Row[]>();
      return new Map(found.map((row) => [row._id, { document: documentOf<Document>(row) ?? null, positions: positionsOf(row) }]));
    }),
    write: (batch) => orFault(async () => {
      const written = await writeRows(batch.source, batch.rows);
      if (written) await checkpoints.saveCheckpoint(batch.projection, batch.source, batch.checkpoint);
      return written;
    }),
    digest: () => orFault(async () => (await digestOf(rows, declared)).digest),
    snapshot: (projection, sources) => orFault(async () => {
      // The place before the documents: a row that is not ahead of it is as it was there, for every later write says so in its positions.
      const positions: Record<string, number> = {};
      for (const source of sources) positions[source] = (await checkpoints.checkpoint(projection, source))?.position ?? 0;
      const { ahead, ...found } = await digestOf(rows, declared, positions);
      return ahead ? undefined : { ...found, positions };
    }),
    sweep: (projection) => orFault(() => sweepTombstones(rows, checkpoints, projection)),
    clear: (projection) => orFault(async () => {
      // Checkpoints first: a crash in between must not leave a projection that believes it has what was deleted.
      await checkpoints.forget(projection);
      await rows.deleteMany({});
    }),
  };
}

/** In key order, a document at a time. Ends at the first row that reflects more than these positions. */
async function digestOf<Document extends object>(rows: Model<Row>, declared: ReadModel<Document>, upTo?: Readonly<Record<string, number>>): Promise<Pick<ReadModelSnapshot, 'digest' | 'documents'> & { readonly ahead: boolean }> {
  const hash = createHash('sha256');
  let documents = 0;
  for await (const row of rows.find({}, { d: 1, p: 1, i: 1 }).sort({ _id: 1 }).lean<Row[]>().cursor()) {
    if (upTo && Object.entries(positionsOf(row)).some(([source, position]) => position > (upTo[source] ?? 0))) return { digest: '', documents, ahead: true };
    if (row.d === undefined) continue;
    hash.update(rowDigestText(declared, row._id, row.d, (index, key) => row.i?.[index] === pageKey(key)));
    documents++;
  }
  return { digest: hash.digest('hex'), documents, ahead: false };
}
