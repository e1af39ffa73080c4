import { createHash } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { rowDigestText, type ReadModel, type ReadModelSnapshot } from '@tillid/eventsourcing';
import { checkpointsOf } from './checkpoints.js';
import type { ModelTable } from './read-model-schema.js';

const rowsPerTurn = 500;

/** Means something only while nothing writes: it gives way to other work between pages. */
export async function readModelDigest<Document extends object>(database: DatabaseSync, model: ReadModel<Document>, { table, columns }: ModelTable): Promise<Pick<ReadModelSnapshot, 'digest' | 'documents'>> {
  const indexColumns = new Map([...columns].map(([name, column]) => [name, column.slice(1, -1)]));
  const page = database.prepare(`SELECT key, document${[...columns.values()].map((column) => `, ${column}`).join('')} FROM ${table} WHERE key > ? AND document IS NOT NULL ORDER BY key LIMIT ${rowsPerTurn}`);
  const hash = createHash('sha256');
  for (let after = '', documents = 0; ; ) {
    const rows = page.all(after);
    for (const row of rows) hash.update(rowDigestText(model, String(row['key']), String(row['document']), (index, key) => isBytes(row[indexColumns.get(index)!], key)));
    documents += rows.length;
    if (rows.length < rowsPerTurn) {
      for (const [name, column] of columns) if (!(await holdsEachOnce(database, table, `"${model.name}@${model.version} ${name}"`, column, documents))) hash.update(`index ${name} is not its table's\n`);
      return { digest: hash.digest('hex'), documents };
    }
    after = String(rows.at(-1)!['key']);
    await nextTurn();
  }
}

/** Whether the index has every row once, where the row says: pages are read by it alone, and beneath SQL it can be made to lie. */
async function holdsEachOnce(database: DatabaseSync, table: string, index: string, column: string, documents: number): Promise<boolean> {
  const page = prepared(database, `
    SELECT count(*) AS held, count(DISTINCT place) AS places, total(own.${column} = place) AS same, max(place) AS last
    FROM (SELECT rowid AS id, ${column} AS place FROM ${table} INDEXED BY ${index} WHERE ${column} > ? ORDER BY ${column} LIMIT ${rowsPerTurn})
    LEFT JOIN ${table} AS own NOT INDEXED ON own.rowid = id`);
  if (!page) return false;
  for (let last: unknown = Buffer.alloc(0), counted = 0; ; ) {
    const { held, places, same, ...found } = page.get(last as Uint8Array) as { readonly held: number; readonly places: number; readonly same: number; readonly last: unknown };
    // Keys are unique: one that stands twice would make up for one that is missing.
    if (places !== held || same !== held) return false;
    counted += held;
    if (held < rowsPerTurn) return counted === documents;
    last = found.last;
    await nextTurn();
  }
}

/** Undefined where somebody took the index away. */
function prepared(database: DatabaseSync, statement: string): StatementSync | undefined {
  try {
    return database.prepare(statement);
  } catch {
    return undefined;
  }
}

/** Of one moment, through a connection of its own: in WAL mode it sees what was there when it began, and writers go on. */
export async function readModelSnapshot<Document extends object>(path: string, model: ReadModel<Document>, modelTable: ModelTable, projection: string, sources: readonly string[]): Promise<ReadModelSnapshot> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.exec('BEGIN');
    const checkpoints = checkpointsOf(database);
    const positions = Object.fromEntries(sources.map((source) => [source, checkpoints.get(projection, source)?.position ?? 0]));
    return { ...(await readModelDigest(database, model, modelTable)), positions };
  } finally {
    database.close();
  }
}

function isBytes(value: unknown, bytes: Buffer): boolean {
  return value instanceof Uint8Array && bytes.equals(value);
}
