import { Schema } from 'mongoose';
import type { CheckpointStore } from '@tillid/eventsourcing';
import { bufferOf } from './buffer-of.js';
import { checkpointsCollection } from './collection-shapes.js';
import { isDuplicateKey } from './duplicate-key.js';
import type { MongoDatabase } from './open-mongo.js';

/** A position that a consumer, or a document, reflects. */
export interface Reached {
  readonly source: string;
  readonly position: number;
}

export interface Checkpoints extends CheckpointStore {
  /** Which of these the consumer has passed, as its checkpoints are now. */
  passed(consumer: string, wanted: readonly Reached[]): Promise<ReadonlySet<Reached>>;
  /** Of every source: the start of a rebuild. */
  forget(consumer: string): Promise<void>;
}

interface CheckpointDocument {
  /** `<consumer>\n<source>`. */
  readonly _id: string;
  readonly position: number;
  readonly chain: Uint8Array;
  readonly key: Uint8Array;
  readonly headTimeMs: number;
}

export function checkpointsOf(database: MongoDatabase): Checkpoints {
  const model = database.model<CheckpointDocument>(checkpointsCollection, checkpointSchema);
  return {
    async checkpoint(consumer, source) {
      const found = await model.findById(idOf(consumer, source)).lean<CheckpointDocument>();
      return found ? { position: found.position, chain: found.chain, key: found.key, headTimeMs: found.headTimeMs } : undefined;
    },
    async saveCheckpoint(consumer, source, { position, chain, key, headTimeMs }) {
      const notBeyond = { _id: idOf(consumer, source), position: { $lte: position } };
      const set = { $set: { position, chain: bufferOf(chain), key: bufferOf(key), headTimeMs } };
      try {
        await model.updateOne(notBeyond, set, { upsert: true });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // There is one: beyond this already, or made by another process in this very moment.
        await model.updateOne(notBeyond, set);
      }
    },
    async passed(consumer, wanted) {
      const sources = new Set(wanted.map(({ source }) => source));
      const found = await model.find({ _id: { $in: [...sources].map((source) => idOf(consumer, source)) } }, { position: 1 }).lean<CheckpointDocument[]>();
      const positions = new Map(found.map(({ _id, position }) => [_id, position]));
      return new Set(wanted.filter(({ source, position }) => (positions.get(idOf(consumer, source)) ?? 0) >= position));
    },
    async forget(consumer) {
      await model.deleteMany({ _id: { $gte: `${consumer}\n`, $lt: `${consumer}\v` } });
    },
  };
}

function idOf(consumer: string, source: string): string {
  return `${consumer}\n${source}`;
}

function checkpointSchema(): Schema<CheckpointDocument> {
  return new Schema<CheckpointDocument>({ _id: String, position: Number, chain: Buffer as never, key: Buffer as never, headTimeMs: Number }, { versionKey: false, autoIndex: false, autoCreate: false });
}
