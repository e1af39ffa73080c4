import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Runs synchronous work as one transaction: all of it, or none. */
export type Transaction = <Result>(work: () => Result) => Result;

export function transactionOf(database: DatabaseSync): Transaction {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  return (work) => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      rollback(database);
      throw error;
    }
  };
}

/** Several reads of one state of the file. Also cheaper: each read by itself locks and unlocks the journal. */
export function readingOf(database: DatabaseSync): Transaction {
  const begin = database.prepare('BEGIN');
  const end = database.prepare('COMMIT');
  return (work) => {
    begin.run();
    try {
      return work();
    } finally {
      end.run();
    }
  };
}

/** Answers whether another connection has written since the last call. Call it inside a transaction. */
export function foreignWrites(database: DatabaseSync): () => boolean {
  const pragma: StatementSync = database.prepare('PRAGMA data_version');
  let seen: unknown;
  return () => {
    const now = pragma.get()!['data_version'];
    const changed = now !== seen;
    seen = now;
    return changed;
  };
}

function rollback(database: DatabaseSync): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself (disk full, I/O error); the first error is the one that says why.
  }
}
