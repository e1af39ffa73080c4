import { describe } from 'vitest';
import { compareAndSetRecordContract, eventStoreContract, expiringStoreContract, readModelStoreContract, visits, vaultContract } from '@tillid/testing';
import { mongoCompareAndSetRecord, mongoEventStore, mongoExpiringStore, mongoReadModelStore, mongoVault } from '../src/index.js';
import { mongoForSpecs, storeOn } from './on-mongo.js';

const engines = await mongoForSpecs();

describe.skipIf(!engines)('on MongoDB', () => {
  const url = engines?.mongoUrl ?? '';
  const logs = { eventLogs: ['log'] };
  const eventStore = storeOn(url, logs, (database) => mongoEventStore({ database, name: 'log' }));
  const expiring = (maxEntries?: number) =>
    storeOn(url, { expiringStores: ['sign-ins'] }, (database) => mongoExpiringStore({ database, name: 'sign-ins', ...(maxEntries !== undefined && { maxEntries }) }));
  const record = storeOn(url, { records: ['tree-head'] }, (database) => mongoCompareAndSetRecord({ database, name: 'tree-head' }));

  eventStoreContract('MongoDB', eventStore, {
    shared: eventStore,
    withShortQueue: storeOn(url, logs, (database) => mongoEventStore({ database, name: 'log', limits: { maxQueuedCommits: 4 } })),
  });
  readModelStoreContract('MongoDB', storeOn(url, { readModels: [visits, { ...visits, version: 2 }] }, (database) => mongoReadModelStore({ database })));
  vaultContract('MongoDB', storeOn(url, { vaults: ['vault'] }, (database) => mongoVault({ database, name: 'vault' })));
  expiringStoreContract('MongoDB', expiring(), { shared: expiring(3), small: expiring(3) });
  compareAndSetRecordContract('MongoDB', record, { shared: record });
});
