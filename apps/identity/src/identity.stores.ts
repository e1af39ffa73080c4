import { join } from 'node:path';
import type { EventStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import { sqliteEventStore, sqliteReadModelStore, sqliteVault } from '@tillid/store-sqlite';
import type { CitizenKeyRecords, KeyUseCounts } from './key-ring/citizen-key-records.js';
import { SqliteCitizenKeyRecords } from './key-ring/citizen-key-records.sqlite.js';
import { openKeyRingDatabase } from './key-ring/key-ring.database.js';
import { SqliteKeyUseCounts } from './key-ring/key-use-counts.sqlite.js';

export interface IdentityStores {
  readonly events: EventStore;
  readonly readModels: ReadModelStore;
  readonly vault: Vault;
  readonly keys: CitizenKeyRecords;
  readonly keyUseCounts: KeyUseCounts;
}

/** Four files: the log, what we heard from others, the sealed values, and apart from all of them the keys. */
export async function openStores(folder: string): Promise<IdentityStores> {
  const events = await sqliteEventStore({ path: join(folder, 'log.sqlite') });
  const readModels = await sqliteReadModelStore({ path: join(folder, 'read-models.sqlite') });
  const vault = await sqliteVault({ path: join(folder, 'vault.sqlite') });
  const keyRing = openKeyRingDatabase(join(folder, 'key-ring.sqlite'));
  return { events, readModels, vault, keys: new SqliteCitizenKeyRecords(keyRing), keyUseCounts: new SqliteKeyUseCounts(keyRing) };
}
