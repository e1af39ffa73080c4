import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventStore, ReadModelStore, Vault } from '@tillid/eventsourcing';
import { sqliteEventStore, sqliteReadModelStore, sqliteVault } from '@tillid/store-sqlite';

export interface ConsentStores {
  readonly events: EventStore;
  readonly readModels: ReadModelStore;
  readonly vault: Vault;
}

/** A file each: the log is the record, read models can be built again from it, the vault is deleted from. */
export async function openStores(folder: string): Promise<ConsentStores> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [events, readModels, vault] = await Promise.all([
    sqliteEventStore({ path: join(folder, 'log.sqlite') }),
    sqliteReadModelStore({ path: join(folder, 'read-models.sqlite') }),
    sqliteVault({ path: join(folder, 'vault.sqlite') }),
  ]);
  return { events, readModels, vault };
}
