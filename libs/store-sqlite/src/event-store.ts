import { checkCommitShape, CommitQueue, limits, StoreFault, type AppendOutcome, type Commit, type EventStore, type QueueLimits, type StoredEvent, type Waiting } from '@tillid/eventsourcing';
import { eventLogApplicationId, eventLogMigrations } from './event-log-schema.js';
import { eventLogReader } from './event-log-reader.js';
import { eventLogWriter } from './event-log-writer.js';
import { LogTail } from './log-tail.js';
import { isBusy, openDatabase } from './open-database.js';
import { transactionOf } from './transaction.js';

export interface SqliteEventStoreOptions {
  readonly path: string;
  /** Other limits than the port's, for tests. */
  readonly limits?: Partial<QueueLimits>;
  /** How long a batch may wait for another process before its commits are answered `full`. Default 5,000. */
  readonly busyDeadlineMs?: number;
  /** Called at named moments of every batch, so that a test can end the process there. */
  readonly at?: (moment: AppendMoment) => void;
}

/**
 * What a crash leaves. before_insert: nothing. mid_batch (some commits inserted, not committed): nothing.
 * after_insert: every commit of the batch is stored and nobody was told; a retry finds it by its commandId.
 */
export type AppendMoment = 'before_insert' | 'mid_batch' | 'after_insert';

const busyPauseMs = 5;
const retryAfterMs = 50;

/** A log in one SQLite file: WAL, synchronous FULL, group commit on the calling thread. Several processes may share the file. */
export async function sqliteEventStore(options: SqliteEventStoreOptions): Promise<EventStore> {
  const database = await openDatabase({
    path: options.path,
    applicationId: eventLogApplicationId,
    migrations: eventLogMigrations,
    durability: 'full',
  });
  const busyDeadlineMs = options.busyDeadlineMs ?? 5_000;
  const at = options.at ?? (() => {});
  const queue = new CommitQueue({ ...limits, ...options.limits });
  const writer = eventLogWriter(database);
  const reader = eventLogReader(database);
  const tail = new LogTail();
  const transaction = transactionOf(database);
  const listeners = new Set<() => void>();
  let scheduled = false;
  let busySinceMs: number | undefined;
  let closing: Promise<void> | undefined;
  let idle = (): void => {};

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // No window: everyone who asks within this turn of the event loop is in the batch, nobody waits for a timer.
    setImmediate(flush);
  }

  function flush(): void {
    const batch = queue.nextBatch();
    let outcomes: readonly AppendOutcome[];
    try {
      outcomes = transaction(() => insertAll(batch));
      at('after_insert');
    } catch (error) {
      writer.forget();
      failed(batch, error);
      return;
    }
    const stored = batch.flatMap(({ commit }, index) => newEvents(commit, outcomes[index]!));
    tail.add(stored);
    done(batch, () => batch.forEach(({ resolve }, index) => resolve(outcomes[index]!)));
    if (stored.length > 0) for (const listener of listeners) queueMicrotask(listener);
  }

  function insertAll(batch: readonly Waiting[]): readonly AppendOutcome[] {
    at('before_insert');
    writer.begin();
    return batch.map(({ commit }, index) => {
      if (index === batch.length >> 1 && index > 0) at('mid_batch');
      return writer.write(commit);
    });
  }

  function failed(batch: readonly Waiting[], error: unknown): void {
    if (!isBusy(error)) {
      const fault = new StoreFault('the log could not say whether the batch was stored', { cause: error });
      return done(batch, () => batch.forEach(({ reject }) => reject(fault)));
    }
    // Another process has the file. Nothing of the batch is stored; it keeps its place.
    const now = performance.now();
    busySinceMs ??= now;
    if (now - busySinceMs < busyDeadlineMs) return void setTimeout(flush, busyPauseMs);
    done(batch, () => batch.forEach(({ resolve }) => resolve({ kind: 'full', retryAfterMs })));
  }

  function done(batch: readonly Waiting[], answer: () => void): void {
    busySinceMs = undefined;
    queue.settle(batch);
    answer();
    scheduled = false;
    if (queue.length > 0) schedule();
    else idle();
  }

  return {
    ...reader,
    async readAll(afterPosition, limit) {
      return tail.page(afterPosition, limit) ?? reader.readAll(afterPosition, limit);
    },
    async append(commit) {
      if (checkCommitShape(commit) === 'too_large') return { kind: 'too_large' };
      if (closing) throw new StoreFault('the store is closed');
      const outcome = queue.offer(commit);
      if (!outcome) return { kind: 'full', retryAfterMs };
      schedule();
      return outcome;
    },
    onAppended(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      closing ??= new Promise<void>((resolve) => {
        idle = resolve;
        if (queue.length === 0) idle();
      }).then(() => database.close());
      return closing;
    },
  };
}

/** Copies: the writer may use its buffers again. */
function newEvents(commit: Commit, outcome: AppendOutcome): StoredEvent[] {
  if (outcome.kind !== 'appended' || outcome.repeated) return [];
  const events = commit.writes.flatMap((write) => write.events);
  return events.map((event, index) => ({ position: outcome.commit.firstPosition + index, bytes: Uint8Array.from(event) }));
}
