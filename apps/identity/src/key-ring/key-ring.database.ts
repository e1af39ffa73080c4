import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

const schema = `
  PRAGMA busy_timeout = 5000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS citizen_keys (
    citizen_id TEXT PRIMARY KEY,
    wrapped_key BLOB,
    added_at_ms INTEGER NOT NULL,
    named INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS unnamed_keys ON citizen_keys (added_at_ms) WHERE named = 0;
  CREATE TABLE IF NOT EXISTS key_uses (
    day TEXT NOT NULL,
    citizen_id TEXT NOT NULL,
    service TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, citizen_id, service)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
`;

/** Keys and counts of their uses in one file, written by one process (the data folder's lock sees to that). */
export function openKeyRingDatabase(path: string): DatabaseSync {
  // SQLite would make it readable by all; the files beside it inherit this.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  database.exec(schema);
  return database;
}

/** All rows in one transaction, so with one sync of the disk. */
export function runForEach<Row>(database: DatabaseSync, sql: string, rows: readonly Row[], valuesOf: (row: Row) => SQLInputValue[]): void {
  if (rows.length === 0) return;
  const statement = database.prepare(sql);
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const row of rows) statement.run(...valuesOf(row));
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
