import { randomInt } from 'node:crypto';
import type { ExpiringStore } from '@tillid/eventsourcing';
import { emptyJournal } from './journal.js';
import { openDatabase } from './open-database.js';
import { foreignWrites, transactionOf } from './transaction.js';

export interface SqliteExpiringStoreOptions {
  readonly path: string;
  /** Entries held at most; beyond it new keys are refused. Default 100,000. */
  readonly maxEntries?: number;
}

/** 'TiEx' */
const expiringApplicationId = 0x54694578;
const expiringMigrations = [
  `
  CREATE TABLE entries (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX entries_by_deadline ON entries (expires_at_ms);
  `,
];

/** What lives for minutes. Survives kill -9; a power failure may take the last seconds, which the citizen does again. */
export async function sqliteExpiringStore({ path, maxEntries = 100_000 }: SqliteExpiringStoreOptions): Promise<ExpiringStore> {
  const database = await openDatabase({
    path,
    applicationId: expiringApplicationId,
    migrations: expiringMigrations,
    durability: 'normal',
    secureDelete: true,
    busyTimeoutMs: 5_000,
  });
  const transaction = transactionOf(database);
  const wroteElsewhere = foreignWrites(database);
  const select = database.prepare('SELECT version, value, expires_at_ms FROM entries WHERE key = ?');
  const count = database.prepare('SELECT count(*) AS entries FROM entries');
  const upsert = database.prepare(
    `INSERT INTO entries (key, version, value, expires_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value, expires_at_ms = excluded.expires_at_ms`,
  );
  const removeKey = database.prepare('DELETE FROM entries WHERE key = ?');
  const removeExpired = database.prepare('DELETE FROM entries WHERE expires_at_ms <= ?');
  // Undefined: another process wrote, or a transaction failed; counted again when it matters.
  let entries: number | undefined;
  // Whether the journal may hold what is gone from the store; a process before this one may have left it so.
  let journalHoldsRemoved = true;

  /** One transaction that keeps the count true. */
  function changing<Result>(work: () => Result): Result {
    try {
      return transaction(() => {
        if (wroteElsewhere() || entries === undefined) entries = Number(count.get()!['entries']);
        return work();
      });
    } catch (error) {
      entries = undefined;
      throw error;
    }
  }

  function remove(statement: typeof removeKey, argument: string | number): number {
    const removed = Number(statement.run(argument).changes);
    entries = entries! - removed;
    if (removed > 0) journalHoldsRemoved = true;
    return removed;
  }

  function set(key: string, expectedVersion: number, value: Uint8Array, expiresAtMs: number, nowMs: number): number | undefined {
    const row = select.get(key);
    const current = row && Number(row['expires_at_ms']) > nowMs ? Number(row['version']) : 0;
    if (current !== expectedVersion) return undefined;
    if (!row && entries! >= maxEntries && remove(removeExpired, nowMs) === 0) return undefined;
    // Versions never come back, so whoever holds the version of a deleted entry can't change its successor: 48 random
    // bits, which no two writers share and no counter row has to be written for.
    const version = randomInt(1, 2 ** 48 - 1);
    upsert.run(key, version, value, expiresAtMs);
    if (row) journalHoldsRemoved = true;
    else entries = entries! + 1;
    return version;
  }

  return {
    async get(key, nowMs) {
      const row = select.get(key);
      if (!row || Number(row['expires_at_ms']) <= nowMs) return undefined;
      return { value: row['value'] as Uint8Array, version: Number(row['version']), expiresAtMs: Number(row['expires_at_ms']) };
    },
    async compareAndSet(key, expectedVersion, value, expiresAtMs, nowMs) {
      return changing(() => set(key, expectedVersion, value, expiresAtMs, nowMs));
    },
    async delete(key) {
      // Most that is deleted was never there (tries that nobody took): a look costs a tenth of a transaction.
      if (select.get(key)) changing(() => remove(removeKey, key));
    },
    async sweep(nowMs) {
      const removed = changing(() => remove(removeExpired, nowMs));
      // Where nobody else reads; otherwise the next sweep does it.
      if (journalHoldsRemoved) journalHoldsRemoved = !emptyJournal(database);
      return removed;
    },
    async close() {
      database.close();
    },
  };
}
