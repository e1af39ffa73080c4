import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compareAndSetRecordContract,
  eventStoreContract,
  expiringStoreContract,
  readModelStoreContract,
  vaultContract,
  type MadeShared,
} from '@tillid/testing';
import {
  sqliteCompareAndSetRecord,
  sqliteEventStore,
  sqliteExpiringStore,
  sqliteReadModelStore,
  sqliteVault,
} from './index.js';

function inFolder<Store extends { close(): Promise<void> }>(open: (path: string) => Promise<Store>): () => Promise<MadeShared<Store>> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tillid-store-'));
    const path = join(folder, 'store.sqlite');
    const store = await open(path);
    const remove = async (): Promise<void> => {
      // A test may have closed it already.
      await store.close().catch(() => {});
      await rm(folder, { recursive: true });
    };
    return { store, another: () => open(path), remove };
  };
}

const eventStore = inFolder((path) => sqliteEventStore({ path }));
const smallExpiringStore = inFolder((path) => sqliteExpiringStore({ path, maxEntries: 3 }));
const record = inFolder((path) => sqliteCompareAndSetRecord({ path }));

eventStoreContract('SQLite', eventStore, {
  shared: eventStore,
  withShortQueue: inFolder((path) => sqliteEventStore({ path, limits: { maxQueuedCommits: 4 } })),
});
readModelStoreContract('SQLite', inFolder((path) => sqliteReadModelStore({ path })));
vaultContract('SQLite', inFolder((path) => sqliteVault({ path })));
expiringStoreContract('SQLite', inFolder((path) => sqliteExpiringStore({ path })), {
  shared: smallExpiringStore,
  small: smallExpiringStore,
});
compareAndSetRecordContract('SQLite', record, { shared: record });
