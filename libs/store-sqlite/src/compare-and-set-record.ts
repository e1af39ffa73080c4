import type { CompareAndSetRecord } from '@tillid/eventsourcing';
import { openDatabase } from './open-database.js';

export interface SqliteCompareAndSetRecordOptions {
  readonly path: string;
}

/** 'TiRe' */
const recordApplicationId = 0x54695265;
const recordMigrations = [
  `
  CREATE TABLE record (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, value BLOB NOT NULL);
  `,
];

/** One record in a file of its own, durable before it answers. */
export async function sqliteCompareAndSetRecord({ path }: SqliteCompareAndSetRecordOptions): Promise<CompareAndSetRecord> {
  const database = await openDatabase({ path, applicationId: recordApplicationId, migrations: recordMigrations, durability: 'full', busyTimeoutMs: 5_000 });
  const select = database.prepare('SELECT version, value FROM record');
  const create = database.prepare('INSERT INTO record (id, version, value) VALUES (1, 1, ?) ON CONFLICT (id) DO NOTHING');
  const update = database.prepare('UPDATE record SET version = version + 1, value = ? WHERE version = ?');

  return {
    async get() {
      const row = select.get();
      return row && { version: Number(row['version']), value: row['value'] as Uint8Array };
    },
    async compareAndSet(expectedVersion, value) {
      const { changes } = expectedVersion === 0 ? create.run(value) : update.run(value, expectedVersion);
      return changes === 1;
    },
    async close() {
      database.close();
    },
  };
}
