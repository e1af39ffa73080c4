import type { DatabaseSync } from 'node:sqlite';
import { decodeDocument, encodeDocument, indexKey, pageBounds, type ReadModel, type ReadModelTable } from '@tillid/eventsourcing';
import type { Checkpoints } from './checkpoints.js';
import { readModelDigest } from './read-model-digest.js';
import type { ModelTable } from './read-model-schema.js';
import { readingOf, type Transaction } from './transaction.js';

export function readModelTable<Document extends object>(
  database: DatabaseSync,
  transaction: Transaction,
  checkpoints: Checkpoints,
  model: ReadModel<Document>,
  { table, columns }: ModelTable,
): ReadModelTable<Document> {
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

  function write(key: string, text: string | null, indexKeys: readonly (Buffer | null)[], source: string, position: number): void {
    const row = selectPositions.get(key);
    const positions = row ? positionsOf(row['positions']) : {};
    if ((positions[source] ?? 0) >= position) return;
    upsert.run(key, text, JSON.stringify({ ...positions, [source]: position }), ...indexKeys);
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
      const encoded = rows.map(({ key, document, position }) => ({
        key,
        position,
        text: document && encodeDocument(document),
        indexKeys: indexes.map((index) => document && indexKey(model.indexes[index]!(document))),
      }));
      transaction(() => {
        for (const { key, text, indexKeys, position } of encoded) write(key, text, indexKeys, source, position);
        checkpoints.save(projection, source, checkpoint);
      });
    },
    digest: () => readModelDigest(database, table),
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

/** Both bounds always. `+ 0`: with a bare `LIMIT ?` SQLite compiles the statement anew on every call. */
function pageStatement(table: string, column: string, order: 'ASC' | 'DESC'): string {
  return `SELECT document FROM ${table} WHERE ${column} >= ? AND ${column} < ? ORDER BY ${column} ${order} LIMIT ? + 0`;
}

function positionsOf(text: unknown): Record<string, number> {
  return JSON.parse(String(text)) as Record<string, number>;
}
