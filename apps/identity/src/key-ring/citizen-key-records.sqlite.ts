import type { DatabaseSync } from 'node:sqlite';
import { emptyJournalInTime } from '@tillid/store-sqlite';
import type { CitizenKeyRecord, CitizenKeyRecords, NewCitizenKeyRecord } from './citizen-key-records.js';
import { runForEach } from './key-ring.database.js';

export class SqliteCitizenKeyRecords implements CitizenKeyRecords {
  readonly #database: DatabaseSync;
  readonly #get;
  readonly #add;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#get = database.prepare('SELECT wrapped_key FROM citizen_keys WHERE citizen_id = ?');
    this.#add = database.prepare('INSERT INTO citizen_keys (citizen_id, wrapped_key, added_at_ms) VALUES (?, ?, ?)');
  }

  async add({ citizenId, wrappedKey, addedAtMs }: NewCitizenKeyRecord): Promise<void> {
    this.#add.run(citizenId, wrappedKey, addedAtMs);
  }

  async get(citizenId: string): Promise<CitizenKeyRecord | undefined> {
    const wrapped = this.#get.get(citizenId)?.['wrapped_key'];
    return wrapped === undefined ? undefined : { wrappedKey: wrapped === null ? null : Buffer.from(wrapped as Uint8Array) };
  }

  async markNamed(citizenIds: readonly string[]): Promise<void> {
    runForEach(this.#database, 'UPDATE citizen_keys SET named = 1 WHERE citizen_id = ? AND named = 0', citizenIds, (citizenId) => [citizenId]);
  }

  async unnamed(addedBeforeMs: number, limit: number): Promise<string[]> {
    const query = 'SELECT citizen_id FROM citizen_keys WHERE named = 0 AND added_at_ms < ? ORDER BY added_at_ms LIMIT ?';
    return this.#database.prepare(query).all(addedBeforeMs, limit).map((row) => String(row['citizen_id']));
  }

  async remove(citizenIds: readonly string[]): Promise<void> {
    runForEach(this.#database, 'DELETE FROM citizen_keys WHERE citizen_id = ?', citizenIds, (citizenId) => [citizenId]);
    await this.#emptyJournal();
  }

  async destroy(citizenId: string): Promise<void> {
    this.#database.prepare('UPDATE citizen_keys SET wrapped_key = NULL, named = 1 WHERE citizen_id = ? AND wrapped_key IS NOT NULL').run(citizenId);
    // Also when the row was empty already: the first try may have ended between the two.
    await this.#emptyJournal();
  }

  async page(afterCitizenId: string, limit: number): Promise<{ citizenId: string; wrappedKey: Buffer }[]> {
    const query = 'SELECT citizen_id, wrapped_key FROM citizen_keys WHERE citizen_id > ? AND wrapped_key IS NOT NULL ORDER BY citizen_id LIMIT ?';
    const rows = this.#database.prepare(query).all(afterCitizenId, limit);
    return rows.map((row) => ({ citizenId: String(row['citizen_id']), wrappedKey: Buffer.from(row['wrapped_key'] as Uint8Array) }));
  }

  async rewrap(rows: readonly { citizenId: string; from: Buffer; to: Buffer }[]): Promise<void> {
    const update = 'UPDATE citizen_keys SET wrapped_key = ? WHERE citizen_id = ? AND wrapped_key = ?';
    runForEach(this.#database, update, rows, ({ citizenId, from, to }) => [to, citizenId, from]);
  }

  async number(name: string): Promise<number | undefined> {
    const value = this.#database.prepare('SELECT value FROM numbers WHERE name = ?').get(name)?.['value'];
    return value === undefined ? undefined : Number(value);
  }

  async setNumber(name: string, value: number): Promise<void> {
    this.#database.prepare('INSERT INTO numbers (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(name, value);
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** secure_delete overwrites the pages; the log of writes beside them still holds the old ones until it is emptied. */
  async #emptyJournal(): Promise<void> {
    await emptyJournalInTime(this.#database, "the key ring's journal could not be emptied; do it again");
  }
}
