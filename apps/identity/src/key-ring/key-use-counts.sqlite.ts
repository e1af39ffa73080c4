import type { DatabaseSync } from 'node:sqlite';
import type { KeyUseCounts, KeyUses } from './citizen-key-records.js';
import { runForEach } from './key-ring.database.js';

export class SqliteKeyUseCounts implements KeyUseCounts {
  readonly #database: DatabaseSync;
  readonly #writeDecoy;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#writeDecoy = database.prepare("INSERT INTO numbers (name, value) VALUES ('decoys', 1) ON CONFLICT DO UPDATE SET value = (value + 1) % 1000000");
  }

  async add(uses: readonly KeyUses[]): Promise<void> {
    const upsert = 'INSERT INTO key_uses (day, citizen_id, service, count) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count';
    runForEach(this.#database, upsert, uses, ({ day, citizenId, service, count }) => [day, citizenId, service, count]);
  }

  async before(day: string, limit: number): Promise<KeyUses[]> {
    const query = 'SELECT day, citizen_id, service, count FROM key_uses WHERE day < ? ORDER BY day, citizen_id, service LIMIT ?';
    const rows = this.#database.prepare(query).all(day, limit);
    return rows.map((row) => ({ day: String(row['day']), citizenId: String(row['citizen_id']), service: String(row['service']), count: Number(row['count']) }));
  }

  async remove(uses: readonly Omit<KeyUses, 'count'>[]): Promise<void> {
    const remove = 'DELETE FROM key_uses WHERE day = ? AND citizen_id = ? AND service = ?';
    runForEach(this.#database, remove, uses, ({ day, citizenId, service }) => [day, citizenId, service]);
  }

  async writeDecoy(): Promise<void> {
    this.#writeDecoy.run();
  }
}
