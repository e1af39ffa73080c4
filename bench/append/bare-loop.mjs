import { DatabaseSync } from 'node:sqlite';
import { eventLogMigrations } from '../../libs/store-sqlite/dist/event-log-schema.js';
import { bytesOf, callers, commandId } from './commits.mjs';

/**
 * The least that storing the same rows costs: the same tables, indexes, bytes and commits a transaction, from one
 * loop that knows every value beforehand, decides nothing, hashes nothing and answers nobody.
 */
export function bareLoop(path, commits, meanBatch) {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  for (const migration of eventLogMigrations) database.exec(migration);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const insertCommit = database.prepare('INSERT INTO commits (first, event_count, chain, command, fingerprint, generations) VALUES (?, ?, ?, ?, ?, ?)');
  const insertEvent = database.prepare('INSERT INTO events (position, bytes) VALUES (?, ?)');
  const insertRevision = database.prepare('INSERT INTO streams (stream, revision, position) VALUES (?, ?, ?)');
  return {
    run() {
      let stored = 0;
      for (let due = meanBatch; stored < commits; due += meanBatch) {
        begin.run();
        for (; stored < Math.min(commits, Math.round(due)); stored++) {
          const position = stored + 1;
          const { event, fingerprint } = bytesOf(stored);
          insertCommit.run(position, 1, fingerprint, commandId(stored), fingerprint, null);
          insertEvent.run(position, event);
          insertRevision.run(streamOf(stored), revisionOf(stored), position);
        }
        commit.run();
      }
    },
    close: () => database.close(),
  };
}

/** Caller by caller, ten events a stream, as the callers of the store do. */
export function streamOf(number) {
  return `consent-${number % callers}-${Math.floor(number / callers / 10)}`;
}

export function revisionOf(number) {
  return (Math.floor(number / callers) % 10) + 1;
}
