import type { ReadModelStore } from '@tillid/eventsourcing';
import { checkpointsOf } from './checkpoints.js';
import { orFault } from './faults.js';
import { requireMigrated } from './migrate.js';
import type { MongoDatabase } from './open-mongo.js';
import { readModelTable } from './read-model-table.js';

export interface MongoReadModelStoreOptions {
  readonly database: MongoDatabase;
}

/**
 * Read models and checkpoints of a database; a collection per model and version, which `migrate` makes. Documents are
 * written before the checkpoint, so a crash between them leaves documents that are ahead of it: their events come
 * again and, by the positions in each document, change nothing. Any number of processes may project at once.
 */
export async function mongoReadModelStore({ database }: MongoReadModelStoreOptions): Promise<ReadModelStore> {
  const checkpoints = checkpointsOf(database);
  return {
    async open(model) {
      await orFault(() => requireMigrated(database, { readModels: [model] }));
      return readModelTable(database, checkpoints, model);
    },
    checkpoint: (consumer, source) => orFault(() => checkpoints.checkpoint(consumer, source)),
    saveCheckpoint: (consumer, source, checkpoint) => orFault(() => checkpoints.saveCheckpoint(consumer, source, checkpoint)),
    async close() {},
  };
}
