import { Schema } from 'mongoose';
import type { Checkpoint } from '@tillid/eventsourcing';
import { asBuffer } from './buffers.js';
import { checkpointsCollection } from './collection-shapes.js';
import type { MongoDatabase } from './open-mongo.js';
import { writeNewer } from './write-newer.js';

export interface Checkpoints {
  get(consumer: string, source: string): Promise<Checkpoint | undefined>;
  /** Position by source. */
  positions(consumer: string): Promise<ReadonlyMap<string, number>>;
  /** Never moves back; at the same position a newer head may be learned. */
  save(consumer: string, source: string, checkpoint: Checkpoint): Promise<void>;
  /** Of every source: the start of a rebuild. */
  forget(consumer: string): Promise<void>;
}

interface CheckpointDocument extends Checkpoint {
  /** Consumer and source, with a line feed between them: those of one consumer lie side by side. */
  readonly _id: string;
}

const separator = '\n';
const afterSeparator = '\v';

export function checkpointsIn(database: MongoDatabase): Checkpoints {
  const model = database.model<CheckpointDocument>(checkpointsCollection, checkpointSchema);
  const idOf = (consumer: string, source: string): string => consumer + separator + source;
  const ofConsumer = (consumer: string) => ({ _id: { $gt: consumer + separator, $lt: consumer + afterSeparator } });
  return {
    async get(consumer, source) {
      const found = await model.findById(idOf(consumer, source)).lean<CheckpointDocument>();
      return found ? { position: found.position, chain: found.chain, key: found.key, headTimeMs: found.headTimeMs } : undefined;
    },
    async positions(consumer) {
      const found = await model.find(ofConsumer(consumer), { position: 1 }).lean<CheckpointDocument[]>();
      return new Map(found.map(({ _id, position }) => [_id.slice(consumer.length + 1), position]));
    },
    async save(consumer, source, { position, chain, key, headTimeMs }) {
      const update = { $set: { position, chain: asBuffer(chain), key: asBuffer(key), headTimeMs } };
      await writeNewer(model, [{ _id: idOf(consumer, source), place: 'position', asNew: { $gt: position }, update }]);
    },
    async forget(consumer) {
      await model.deleteMany(ofConsumer(consumer));
    },
  };
}

function checkpointSchema(): Schema<CheckpointDocument> {
  const fields = { _id: String, position: Number, chain: Buffer, key: Buffer, headTimeMs: Number };
  return new Schema<CheckpointDocument>(fields as never, { versionKey: false, autoIndex: false, autoCreate: false });
}
