import type { Model } from 'mongoose';
import { emptyChain, type Head } from '@tillid/eventsourcing';
import { bufferOf } from './buffer-of.js';
import { generationKey, headAfter, parseKey, revisionKey, type CommitDocument } from './commit-document.js';
import type { KeysToLookUp } from './planned-batch.js';
import { lastThere } from './last-there.js';
import type { StoredFacts } from './stored-facts.js';

export type CommitWithoutEvents = Omit<CommitDocument, 'e'>;

/** Look-ups of what a majority has stored, by declared indexes alone. What they find is learned. */
export interface StoredCommits {
  head(): Promise<Head>;
  findAll(commandIds: readonly Uint8Array[]): Promise<readonly CommitWithoutEvents[]>;
  /** Learns which of these exist. */
  lookUp(keys: KeysToLookUp): Promise<void>;
  /** Exactly, as of now. */
  lastRevision(stream: string): Promise<number>;
  lookUpHolding(value: string): Promise<void>;
}

export function storedCommits(model: Model<CommitDocument>, facts: StoredFacts): StoredCommits {
  async function there(field: 's' | 'u' | 'r', keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set();
    const wanted = new Set(keys);
    const documents = await model.find({ [field]: { $in: keys } }, { _id: 0, [field]: 1 }).lean<Partial<CommitDocument>[]>();
    return new Set(documents.flatMap((document) => document[field] ?? []).filter((key) => wanted.has(key)));
  }

  /** The last number under a name: its revision or its generation. */
  function lastOf(field: 's' | 'u', known: number, keyOf: (number: number) => string): Promise<number> {
    return lastThere(known, async (candidates) => {
      const found = await there(field, candidates.map(keyOf));
      return new Set([...found].map((key) => parseKey(key).number));
    });
  }

  return {
    async head() {
      const last = await model.findOne({}, { n: 1, chain: 1 }).sort({ _id: -1 }).lean<CommitDocument>();
      return last ? headAfter(last) : { position: 0, chain: emptyChain };
    },
    async findAll(commandIds) {
      return model.find({ c: { $in: commandIds.map(bufferOf) } }, { e: 0 }).lean<CommitWithoutEvents[]>();
    },
    async lookUp({ s, u }) {
      const [revisions, generations] = await Promise.all([there('s', s), there('u', u)]);
      facts.learn({ s: [...revisions], u: [...generations] });
    },
    async lastRevision(stream) {
      const revision = await lastOf('s', facts.revision(stream), (number) => revisionKey(stream, number));
      facts.learnRevision(stream, revision);
      return revision;
    },
    async lookUpHolding(value) {
      const generation = await lastOf('u', facts.holding(value)?.generation ?? 0, (number) => generationKey(value, number));
      if (generation === 0) return;
      const released = await there('r', [generationKey(value, generation)]);
      facts.learnHolding(value, { generation, released: released.size > 0 });
    },
  };
}
