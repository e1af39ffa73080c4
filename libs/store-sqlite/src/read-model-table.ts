import type { DatabaseSync } from 'node:sqlite';
import { decodeDocument, encodeDocument, indexKey, pageBounds, samePositions, type ReadModel, type ReadModelRow, type ReadModelTable } from '@tillid/eventsourcing';
import type { Checkpoints } from './checkpoints.js';
import { readModelDigest, readModelSnapshot } from './read-model-digest.js';
import type { ModelTable } from './read-model-schema.js';
import { readingOf, type Transaction } from './transaction.js';

interface EncodedRow extends Omit<ReadModelRow<never>, 'document'> {
  readonly text: string | null;
  readonly indexKeys: readonly (Buffer | null)[];
}

/** Takes a transaction back. */
class Changed extends Error {}

export function readModelTable<Document extends object>(
  database: DatabaseSync,
  transaction: Transaction,
  checkpoints: Checkpoints,
  model: ReadModel<Document>,
  modelTable: ModelTable,
): ReadModelTable<Document> {
  const { table, columns } = modelTable;
  const indexes = [...columns.keys()];
  const reading = readingOf(database);
  const fields = ['document', 'positions', ...columns.values()];
  const select = database.prepare(`SELECT document, positions FROM ${table} WHERE key = ?`);
  const selectPositions = database.prepare(`SELECT positions FROM ${table} WHERE key = ?`);
  const upsert = database.prepare(
    `INSERT INTO ${table} (key, ${fields.join(', ')}) VALUES (?${', ?'.repeat(fields.length)})
     ON CONFLICT (key) DO UPDATE SET ${fields.map((field) => `${field} = excluded.${field}`).join(', ')}`,
  );
  const sweepTombstones = database.prepare(
    `DELETE FROM ${table} WHERE document IS NULL AND NOT EXISTS (
       SELECT 1 FROM json_each(positions) AS at LEFT JOIN checkpoints ON consumer = ? AND source = at.key
       WHERE coalesce(checkpoints.position, 0) < at.value)`,
  );
  const pages = new Map([...columns].map(([index, column]) => [index, {
    ascending: database.prepare(pageStatement(table, column, 'ASC')),
    descending: database.prepare(pageStatement(table, column, 'DESC')),
  }]));

  /** False when it has changed since it was loaded. */
  function write({ key, text, indexKeys, position, loaded }: EncodedRow, source: string): boolean {
    const row = selectPositions.get(key);
    const positions = row ? positionsOf(row['positions']) : {};
    if ((positions[source] ?? 0) >= position) return true;
    if (!samePositions(positions, loaded)) return false;
    upsert.run(key, text, JSON.stringify({ ...positions, [source]: position }), ...indexKeys);
    return true;
  }

  return {
    async get(key) {
      const text = select.get(key)?.['document'];
      return typeof text === 'string' ? decodeDocument<Document>(text) : undefined;
    },
    async getMany(keys) {
      const texts = reading(() => keys.map((key) => [key, select.get(key)?.['document']] as const));
      return new Map(texts.flatMap(([key, text]) => (typeof text === 'string' ? [[key, decodeDocument<Document>(text)] as const] : [])));
    },
    async page(query) {
      const valueOf = model.indexes[query.index];
      const page = pages.get(query.index);
      if (!valueOf || !page) throw new Error(`read model ${model.name} has no index ${query.index}`);
      const rows = page[query.descending ? 'descending' : 'ascending'].all(...pageBounds(query), query.limit + 1);
      const documents = rows.slice(0, query.limit).map((row) => decodeDocument<Document>(String(row['document'])));
      const last = documents.at(-1);
      return { documents, ...(rows.length > query.limit && last && { next: valueOf(last) }) };
    },
    async load(keys) {
      const rows = reading(() => keys.map((key) => [key, select.get(key)] as const));
      return new Map(rows.flatMap(([key, row]) => {
        if (!row) return [];
        const text = row['document'];
        return [[key, { document: typeof text === 'string' ? decodeDocument<Document>(text) : null, positions: positionsOf(row['positions']) }] as const];
      }));
    },
    async write({ projection, source, checkpoint, rows }) {
      // Encoded outside the transaction: a document that is not plain JSON is the caller's bug and holds no lock.
      const encoded = rows.map(({ document, ...row }) => ({
        ...row,
        text: document && encodeDocument(document),
        indexKeys: indexes.map((index) => document && indexKey(model.indexes[index]!(document))),
      }));
      return unlessChanged(() => transaction(() => {
        for (const row of encoded) if (!write(row, source)) throw new Changed();
        checkpoints.save(projection, source, checkpoint);
      }));
    },
    digest: async () => (await readModelDigest(database, model, modelTable)).digest,
    snapshot: (projection, sources) => readModelSnapshot(database.location()!, model, modelTable, projection, sources),
    async sweep(projection) {
      return Number(sweepTombstones.run(projection).changes);
    },
    async clear(projection) {
      transaction(() => {
        database.exec(`DELETE FROM ${table}`);
        checkpoints.forget(projection);
      });
    },
  };
}

function unlessChanged(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof Changed) return false;
    throw error;
  }
}

/** Both bounds always. `+ 0`: with a bare `LIMIT ?` SQLite compiles the statement anew on every call. */
function pageStatement(table: string, column: string, order: 'ASC' | 'DESC'): string {
  return `SELECT document FROM ${table} WHERE ${column} >= ? AND ${column} < ? ORDER BY ${column} ${order} LIMIT ? + 0`;
}

function positionsOf(text: unknown): Record<string, number> {
  return JSON.parse(String(text)) as Record<string, number>;
}
