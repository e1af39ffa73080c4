import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompareAndSetRecord, EventStore, ExpiringStore, ReadModelStore } from '@tillid/eventsourcing';
import { sqliteCompareAndSetRecord, sqliteEventStore, sqliteExpiringStore, sqliteReadModelStore } from '@tillid/store-sqlite';
import { LogFolder } from './integrate/log-folder.js';

export interface AuditStores {
  readonly events: EventStore;
  readonly ledger: EventStore;
  readonly treeHead: CompareAndSetRecord;
  readonly readModels: ReadModelStore;
  readonly readings: ExpiringStore;
  readonly folder: LogFolder;
}

/**
 * A file each. log.sqlite: audit's own acts. ledger.sqlite: the record. tree-head.sqlite: the last signed tree head,
 * never part of a backup, since a signer put back in time would sign another tree. Read models can be built again.
 */
export async function openStores(folder: string): Promise<AuditStores> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [events, ledger, treeHead, readModels, readings, files] = await Promise.all([
    sqliteEventStore({ path: join(folder, 'log.sqlite') }),
    sqliteEventStore({ path: join(folder, 'ledger.sqlite') }),
    sqliteCompareAndSetRecord({ path: join(folder, 'tree-head.sqlite') }),
    sqliteReadModelStore({ path: join(folder, 'read-models.sqlite') }),
    sqliteExpiringStore({ path: join(folder, 'readings.sqlite') }),
    LogFolder.open(join(folder, 'log')),
  ]);
  return { events, ledger, treeHead, readModels, readings, folder: files };
}
