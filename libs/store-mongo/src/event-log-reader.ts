import type { Model } from 'mongoose';
import { emptyChain, limits, nextChain, StoreFault, type EventStore, type StoredEvent, type StreamEvent } from '@tillid/eventsourcing';
import { parseKey, revisionKey, storedCommit, type CommitDocument } from './commit-document.js';
import { orFault } from './faults.js';
import type { CommitWithoutEvents, StoredCommits } from './stored-commits.js';

type Reads = Pick<Required<EventStore>, 'find' | 'lastRevision' | 'readStream' | 'readAll' | 'head' | 'chainAt'>;

const documentsAtOnce = 1_000;
const maxEndsKept = 1_024;

/** Reads see what a majority has, in the order of positions: whatever is seen stays, and nothing comes before it later. */
export function eventLogReader(model: Model<CommitDocument>, stored: StoredCommits): Reads {
  // Positions at which a commit is known to end: whoever goes on from there need not ask where the next one begins.
  const ends = new Set<number>();

  function keepEnd(position: number): void {
    ends.delete(position);
    ends.add(position);
    if (ends.size > maxEndsKept) ends.delete(ends.values().next().value!);
  }

  /** The first position of the commit that holds a position, or of the last one before it. */
  async function startFor(position: number): Promise<number> {
    if (position === 1 || ends.has(position - 1)) return position;
    const document = await model.findOne({ _id: { $lte: position } }, { _id: 1 }).sort({ _id: -1 }).lean<CommitDocument>();
    return Number(document?._id ?? 1);
  }

  async function readAll(afterPosition: number, limit: number): Promise<StoredEvent[]> {
    const page: StoredEvent[] = [];
    if (limit < 1) return page;
    let next = await startFor(afterPosition + 1);
    let size = 0;
    const commits = model.collection.find({ _id: { $gte: BigInt(next) as never } }, { projection: { n: 1, e: 1 }, sort: { _id: 1 }, limit, batchSize: Math.min(limit, documentsAtOnce) });
    for await (const commit of commits as unknown as AsyncIterable<CommitDocument>) {
      if (Number(commit._id) !== next) throw new StoreFault(`the log goes on at ${commit._id} where ${next} should stand`);
      for (const bytes of commit.e) {
        const position = next++;
        if (position <= afterPosition) continue;
        size += bytes.length;
        if (page.length === limit || (size > limits.maxCommitBytes && page.length > 0)) return page;
        page.push({ position, bytes });
      }
      keepEnd(next - 1);
    }
    return page;
  }

  async function readStream(stream: string, afterRevision: number, limit: number): Promise<StreamEvent[]> {
    const last = Math.min(afterRevision + limit, Number.MAX_SAFE_INTEGER);
    const range = { $elemMatch: { $gt: revisionKey(stream, afterRevision), $lte: revisionKey(stream, last) } };
    const commits = await model.find({ s: range }, { e: 1, s: 1 }).lean<CommitDocument[]>();
    const events = commits.flatMap((commit) => eventsOf(stream, commit))
      .filter(({ revision }) => revision > afterRevision && revision <= last)
      .sort((left, right) => left.revision - right.revision);
    events.forEach(({ revision }, index) => {
      if (revision !== afterRevision + 1 + index) throw new StoreFault(`a stream goes on at revision ${revision} where ${afterRevision + 1 + index} should stand`);
    });
    return events;
  }

  async function chainAt(position: number): Promise<Uint8Array> {
    if (position === 0) return emptyChain;
    const [commit, before] = await model.find({ _id: { $lte: position } }, { n: 1, chain: 1 }).sort({ _id: -1 }).limit(2).lean<CommitWithoutEvents[]>();
    const first = Number(commit?._id ?? 1);
    if (!commit || position > first + commit.n - 1) throw new StoreFault(`there is no position ${position}`);
    if (position === first + commit.n - 1) return commit.chain;
    const { e } = (await model.findOne({ _id: first }, { e: 1 }).lean<CommitDocument>())!;
    return e.slice(0, position - first + 1).reduce<Uint8Array>(nextChain, before?.chain ?? emptyChain);
  }

  return {
    find: (commandId) => orFault(async () => {
      const [commit] = await stored.findAll([commandId]);
      return commit && storedCommit(commit);
    }),
    lastRevision: (stream) => orFault(() => stored.lastRevision(stream)),
    readStream: (stream, afterRevision = 0, limit = 10_000) => orFault(() => readStream(stream, afterRevision, limit)),
    readAll: (afterPosition, limit) => orFault(() => readAll(afterPosition, limit)),
    head: () => orFault(() => stored.head()),
    chainAt: (position) => orFault(() => chainAt(position)),
  };
}

function eventsOf(stream: string, { _id, e, s }: CommitDocument): StreamEvent[] {
  return s.flatMap((key, index) => {
    const { name, number } = parseKey(key);
    return name === stream ? [{ revision: number, position: Number(_id) + index, bytes: e[index]! }] : [];
  });
}
