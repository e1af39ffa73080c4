import { checkCommitShape, CommitQueue, limits, StoreFault, type EventStore, type QueueLimits } from '@tillid/eventsourcing';
import { AppendWatch } from './append-watch.js';
import { BatchWriter, type AppendMoment, type AppendRetry } from './batch-writer.js';
import { commitDocumentBytes, commitSchema, maxDocumentBytes, type CommitDocument } from './commit-document.js';
import { eventLogReader } from './event-log-reader.js';
import { requireMigrated } from './migrate.js';
import type { MongoDatabase } from './open-mongo.js';
import { storedCommits } from './stored-commits.js';
import { StoredFacts } from './stored-facts.js';

export interface MongoEventStoreOptions {
  readonly database: MongoDatabase;
  /** Of the log, and of its collection. */
  readonly name: string;
  /** Other limits than the port's, for tests. */
  readonly limits?: Partial<QueueLimits>;
  /** How long a commit may wait for a certain answer before it gets StoreFault, or `full` where it was never sent. Default 10,000. */
  readonly deadlineMs?: number;
  /** How often a listener's process looks for what others wrote. Default 75. */
  readonly pollMs?: number;
  /** Called at named moments of every insert, so that a test can end the process there. */
  readonly at?: (moment: AppendMoment) => void;
  /** Called for every insert that has to be repeated: a metric of how much replicas are in each other's way. */
  readonly onRetry?: (retry: AppendRetry) => void;
}

const retryAfterMs = 50;

/** A log in one collection: a document per commit, group commit, any number of processes. The connection stays its opener's. */
export async function mongoEventStore(options: MongoEventStoreOptions): Promise<EventStore> {
  const { database, name, deadlineMs = 10_000, pollMs = 75, at = () => {}, onRetry = () => {} } = options;
  await requireMigrated(database, { eventLogs: [name] });
  const model = database.model<CommitDocument>(name, commitSchema);
  const facts = new StoredFacts();
  const stored = storedCommits(model, facts);
  const writer = new BatchWriter({ model, facts, stored, deadlineMs, retryAfterMs, at, onRetry });
  const queue = new CommitQueue({ ...limits, ...options.limits }, commitDocumentBytes);
  const watch = new AppendWatch(async () => (await stored.head()).position, pollMs);
  let writing: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    // No window: everyone who asks within this turn of the event loop is in the batch, nobody waits for a timer.
    await new Promise(setImmediate);
    for (let batch = queue.nextBatch(); batch.length > 0; batch = queue.nextBatch()) {
      watch.begin();
      let lastStored: number | undefined;
      try {
        lastStored = await writer.write(batch);
      } catch (error) {
        // Whoever has an answer already keeps it.
        const fault = new StoreFault('the log could not say whether the batch was stored', { cause: error });
        for (const { reject } of batch) reject(fault);
      }
      queue.settle(batch);
      watch.end(lastStored);
    }
    writing = undefined;
  }

  return {
    ...eventLogReader(model, stored),
    async append(commit) {
      if (checkCommitShape(commit) === 'too_large' || commitDocumentBytes(commit) > maxDocumentBytes) return { kind: 'too_large' };
      if (closing) throw new StoreFault('the store is closed');
      const outcome = queue.offer(commit);
      if (!outcome) return { kind: 'full', retryAfterMs };
      writing ??= writeAll();
      return outcome;
    },
    onAppended: (listener) => watch.listen(listener),
    close() {
      watch.close();
      closing ??= Promise.resolve(writing);
      return closing;
    },
  };
}
