import type { Vault } from '@tillid/eventsourcing';
import { emptyJournalInTime } from './journal.js';
import { openDatabase } from './open-database.js';

export interface SqliteVaultOptions {
  readonly path: string;
}

/** 'TiVa' */
const vaultApplicationId = 0x54695661;
/** With row ids: a code card takes kilobytes, and without them every step down the tree would read other citizens' cards. */
const vaultMigrations = [
  `
  CREATE TABLE records (id TEXT PRIMARY KEY, ciphertext BLOB NOT NULL, put_at_ms INTEGER NOT NULL);
  `,
];

/** Records in one file with secure_delete: what is deleted is overwritten in the file, and the journal is emptied after it. */
export async function sqliteVault({ path }: SqliteVaultOptions): Promise<Vault> {
  const database = await openDatabase({
    path,
    applicationId: vaultApplicationId,
    migrations: vaultMigrations,
    durability: 'full',
    secureDelete: true,
    busyTimeoutMs: 5_000,
  });
  const insert = database.prepare('INSERT INTO records (id, ciphertext, put_at_ms) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING');
  const select = database.prepare('SELECT ciphertext, put_at_ms FROM records WHERE id = ?');
  const remove = database.prepare('DELETE FROM records WHERE id IN (SELECT value FROM json_each(?))');
  const list = database.prepare('SELECT id FROM records WHERE put_at_ms < ? AND id > ? ORDER BY id LIMIT ?');

  return {
    async put({ id, ciphertext, putAtMs }) {
      if (insert.run(id, ciphertext, putAtMs).changes === 1) return;
      if (Buffer.compare(select.get(id)!['ciphertext'] as Uint8Array, ciphertext) !== 0) throw new Error('a vault record never changes');
    },
    async get(id) {
      const row = select.get(id);
      return row && { id, ciphertext: row['ciphertext'] as Uint8Array, putAtMs: Number(row['put_at_ms']) };
    },
    async delete(ids) {
      if (ids.length === 0) return;
      remove.run(JSON.stringify(ids));
      // A crash here leaves the deleted bytes in the journal until it is next emptied: at the next delete or a clean close.
      await emptyJournalInTime(database, 'the vault\'s journal could not be emptied; delete again');
    },
    async list(putBeforeMs, afterId, limit) {
      return list.all(putBeforeMs, afterId ?? '', limit).map((row) => String(row['id']));
    },
    async close() {
      database.close();
    },
  };
}
