import type { ReadModelStore } from '@tillid/eventsourcing';
import { checkpointsIn } from './checkpoints.js';
import { readModelCollection } from './collection-shapes.js';
import { orFault } from './faults.js';
import { requireMigrated } from './migrate.js';
import type { MongoDatabase } from './open-mongo.js';
import { rowSchema, type RowDocument } from './read-model-rows.js';
import { readModelTable } from './read-model-table.js';

export interface MongoReadModelStoreOptions {
  readonly database: MongoDatabase;
}

/**
 * Read models, a collection each, and everybody's checkpoints. No transaction holds a document and its checkpoint
 * together, and none is needed: each document knows its position, so what comes twice, late or from a process that
 * lost its lease changes nothing.
 */
export async function mongoReadModelStore({ database }: MongoReadModelStoreOptions): Promise<ReadModelStore> {
  await requireMigrated(database, { readModels: [] });
  const checkpoints = checkpointsIn(database);
  return {
    async open(model) {
      await requireMigrated(database, { readModels: [model] });
      return readModelTable(database.model<RowDocument>(readModelCollection(model), () => rowSchema(model)), checkpoints, model);
    },
    checkpoint: (consumer, source) => orFault(() => checkpoints.get(consumer, source)),
    saveCheckpoint: (consumer, source, checkpoint) => orFault(() => checkpoints.save(consumer, source, checkpoint)),
    async close() {},
  };
}
