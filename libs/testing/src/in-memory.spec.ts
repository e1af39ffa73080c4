import {
  inMemoryCompareAndSetRecord,
  inMemoryEventStore,
  inMemoryExpiringStore,
  inMemoryReadModelStore,
  inMemoryVault,
} from '@tillid/eventsourcing/in-memory';
import { eventStoreContract } from './event-store-contract.js';
import type { Make } from './made.js';
import { readModelStoreContract } from './read-model-store-contract.js';
import { compareAndSetRecordContract, expiringStoreContract, vaultContract } from './small-store-contracts.js';

function fresh<Store>(make: () => Store): Make<Store> {
  return async () => ({ store: make(), remove: async () => {} });
}

const shared = 'one connection only';

eventStoreContract('in memory', fresh(inMemoryEventStore), { shared });
readModelStoreContract('in memory', fresh(inMemoryReadModelStore));
vaultContract('in memory', fresh(inMemoryVault));
expiringStoreContract('in memory', fresh(inMemoryExpiringStore), { shared, small: fresh(() => inMemoryExpiringStore({ maxEntries: 3 })) });
compareAndSetRecordContract('in memory', fresh(inMemoryCompareAndSetRecord), { shared });
