export { openMongo, type MongoDatabase, type MongoOptions } from './open-mongo.js';
export { mongoEventStore, type MongoEventStoreOptions } from './event-store.js';
export type { AppendMoment, AppendRetry } from './batch-writer.js';
export { mongoReadModelStore, type MongoReadModelStoreOptions } from './read-model-store.js';
export { mongoVault, type MongoVaultOptions } from './vault.js';
export { mongoExpiringStore, type MongoExpiringStoreOptions } from './expiring-store.js';
export { mongoCompareAndSetRecord, type MongoCompareAndSetRecordOptions } from './compare-and-set-record.js';
export { migrate, NotMigrated, requireMigrated } from './migrate.js';
export type { CollectionShape, IndexShape, MongoPlan } from './collection-shapes.js';
