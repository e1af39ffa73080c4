export { sqliteEventStore, type AppendMoment, type SqliteEventStoreOptions } from './event-store.js';
export { sqliteReadModelStore, type SqliteReadModelStoreOptions } from './read-model-store.js';
export { sqliteVault, type SqliteVaultOptions } from './vault.js';
export { sqliteExpiringStore, type SqliteExpiringStoreOptions } from './expiring-store.js';
export { copyDatabase, digestOfFile } from './copy-database.js';
export { emptyJournalInTime } from './journal.js';
export { sqliteCompareAndSetRecord, type SqliteCompareAndSetRecordOptions } from './compare-and-set-record.js';
