import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';

const rowsPerTurn = 1_000;

/** Means something only while nothing writes: it gives way to other work between pages. */
export async function readModelDigest(database: DatabaseSync, table: string): Promise<string> {
  const page = database.prepare(`SELECT key, document FROM ${table} WHERE key > ? AND document IS NOT NULL ORDER BY key LIMIT ${rowsPerTurn}`);
  const hash = createHash('sha256');
  for (let after = ''; ; ) {
    const rows = page.all(after);
    for (const row of rows) hash.update(`${JSON.stringify(row['key'])}:${String(row['document'])}\n`);
    if (rows.length < rowsPerTurn) return hash.digest('hex');
    after = String(rows.at(-1)!['key']);
    await nextTurn();
  }
}
