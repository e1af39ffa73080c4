import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';

const attempts = 100;
const pauseMs = 20;

/**
 * Empties the write-ahead log, which holds what is overwritten in the file until then. False while somebody reads an older state
 * of the file, as a backup does: not waited for in SQLite, which would hold the thread for as long.
 */
export function emptyJournal(database: DatabaseSync): boolean {
  const waits = Number(Object.values(database.prepare('PRAGMA busy_timeout').get()!)[0]);
  database.exec('PRAGMA busy_timeout = 0');
  const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()!;
  database.exec(`PRAGMA busy_timeout = ${waits}`);
  return Number(busy) === 0;
}

/** The same for who must not go on before it is empty. */
export async function emptyJournalInTime(database: DatabaseSync, failure: string): Promise<void> {
  for (let attempt = 1; !emptyJournal(database); attempt++) {
    if (attempt === attempts) throw new Error(failure);
    await delay(pauseMs);
  }
}
