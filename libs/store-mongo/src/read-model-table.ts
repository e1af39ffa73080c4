import { createHash } from 'node:crypto';
import type { Model } from 'mongoose';
import { decodeDocument, pageBounds, type ReadModel, type ReadModelTable } from '@tillid/eventsourcing';
import type { Checkpoints } from './checkpoints.js';
import { orFault } from './faults.js';
import { rowWrite, type RowDocument } from './read-model-rows.js';
import { writeNewer } from './write-newer.js';

/** Rows looked at, or deleted, at once where all of them are. */
const rowsAtOnce = 1_000;

export function readModelTable<Document extends object>(rows: Model<RowDocument>, checkpoints: Checkpoints, model: ReadModel<Document>): ReadModelTable<Document> {
  const rowsOf = (keys: readonly string[]) => rows.find({ _id: { $in: keys } }, { d: 1, p: 1 }).lean<RowDocument[]>();

  async function digest(): Promise<string> {
    const hash = createHash('sha256');
    for (let after = ''; ; ) {
      const page = await rows.find({ _id: { $gt: after } }, { d: 1 }).sort({ _id: 1 }).limit(rowsAtOnce).lean<RowDocument[]>();
      for (const { _id, d } of page) if (d !== null) hash.update(`${JSON.stringify(_id)}:${d}\n`);
      if (page.length < rowsAtOnce) return hash.digest('hex');
      after = page.at(-1)!._id;
    }
  }

  /** Only as it was seen: a row that has become news since stays. */
  async function remove(tombstones: readonly RowDocument[]): Promise<number> {
    if (tombstones.length === 0) return 0;
    const operations = tombstones.map(({ _id, p }) => ({ deleteOne: { filter: { _id, t: true, p } } }));
    return (await rows.bulkWrite(operations as never, { ordered: false, throwOnValidationError: true })).deletedCount;
  }

  async function sweep(projection: string): Promise<number> {
    const passed = await checkpoints.positions(projection);
    const isPassed = ({ p }: RowDocument): boolean => Object.entries(p).every(([source, position]) => (passed.get(source) ?? 0) >= position);
    let stale: RowDocument[] = [];
    let removed = 0;
    for await (const row of rows.find({ t: true }, { p: 1 }).lean<RowDocument[]>().cursor({ batchSize: rowsAtOnce })) {
      if (isPassed(row as RowDocument)) stale.push(row as RowDocument);
      if (stale.length < rowsAtOnce) continue;
      removed += await remove(stale);
      stale = [];
    }
    return removed + (await remove(stale));
  }

  async function clear(projection: string): Promise<void> {
    // First: documents without a checkpoint are built over, a checkpoint without its documents would skip them for ever.
    await checkpoints.forget(projection);
    for (;;) {
      const some = await rows.find({}, { _id: 1 }).sort({ _id: 1 }).limit(rowsAtOnce).lean<RowDocument[]>();
      if (some.length === 0) return;
      await rows.deleteMany({ _id: { $in: some.map(({ _id }) => _id) } });
    }
  }

  return {
    get: (key) => orFault(async () => {
      const row = await rows.findById(key, { d: 1 }).lean<RowDocument>();
      return documentOf<Document>(row) ?? undefined;
    }),
    getMany: (keys) => orFault(async () => new Map((await rowsOf(keys)).flatMap((row) => {
      const document = documentOf<Document>(row);
      return document ? [[row._id, document] as const] : [];
    }))),
    page: (query) => orFault(async () => {
      const valueOf = model.indexes[query.index];
      if (!valueOf) throw new Error(`read model ${model.name} has no index ${query.index}`);
      const [from, to] = pageBounds(query).map((bound) => bound.toString('hex'));
      const index = `i.${query.index}`;
      const found = await rows.find({ [index]: { $gte: from, $lt: to } }, { d: 1 }).sort({ [index]: query.descending ? -1 : 1 }).limit(query.limit + 1).lean<RowDocument[]>();
      const documents = found.slice(0, query.limit).flatMap((row) => documentOf<Document>(row) ?? []);
      const last = documents.at(-1);
      return { documents, ...(found.length > query.limit && last && { next: valueOf(last) }) };
    }),
    load: (keys) => orFault(async () => new Map((await rowsOf(keys)).map((row) => [row._id, { document: documentOf<Document>(row), positions: row.p }]))),
    write: ({ projection, source, checkpoint, rows: written }) => orFault(async () => {
      // All of them before any is sent: a document that is not plain JSON is the caller's bug, and nothing of the batch is written.
      const writes = written.map(({ key, document, position }) => rowWrite(model, source, key, document, position));
      await writeNewer(rows, writes);
      // A crash here leaves documents ahead of the checkpoint: the batch comes again and changes nothing in them.
      await checkpoints.save(projection, source, checkpoint);
    }),
    digest: () => orFault(digest),
    sweep: (projection) => orFault(() => sweep(projection)),
    clear: (projection) => orFault(() => clear(projection)),
  };
}

function documentOf<Document extends object>(row: Pick<RowDocument, 'd'> | null): Document | null {
  return row?.d ? decodeDocument<Document>(row.d) : null;
}
