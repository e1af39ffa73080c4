export { inMemoryEventStore } from './event-store.js';
export { inMemoryReadModelStore } from './read-model-store.js';
export { inMemoryVault } from './vault.js';
export { inMemoryExpiringStore } from './expiring-store.js';
export { inMemoryCompareAndSetRecord } from './compare-and-set-record.js';
