import type { ReadModelStore } from '@tillid/eventsourcing';
import { checkpointsOf } from './checkpoints.js';
import { openDatabase } from './open-database.js';
import { ensureModelTable, readModelApplicationId, readModelMigrations } from './read-model-schema.js';
import { readModelTable } from './read-model-table.js';
import { transactionOf } from './transaction.js';

export interface SqliteReadModelStoreOptions {
  readonly path: string;
}

/**
 * Read models in one file. Documents and checkpoint move in one transaction, so what a power failure takes away it
 * takes from both, and the projection applies it again: no need to wait for the disk.
 */
export async function sqliteReadModelStore({ path }: SqliteReadModelStoreOptions): Promise<ReadModelStore> {
  const database = await openDatabase({
    path,
    applicationId: readModelApplicationId,
    migrations: readModelMigrations,
    durability: 'normal',
    busyTimeoutMs: 5_000,
  });
  const transaction = transactionOf(database);
  const checkpoints = checkpointsOf(database);

  return {
    async open(model) {
      return readModelTable(database, transaction, checkpoints, model, transaction(() => ensureModelTable(database, model)));
    },
    async checkpoint(consumer, source) {
      return checkpoints.get(consumer, source);
    },
    async saveCheckpoint(consumer, source, checkpoint) {
      checkpoints.save(consumer, source, checkpoint);
    },
    async close() {
      database.close();
    },
  };
}
