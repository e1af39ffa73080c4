import { commitBytes } from './commit-shape.js';
import type { AppendOutcome, Commit } from './event-store.js';

export interface QueueLimits {
  readonly maxBatchCommits: number;
  readonly maxCommitBytes: number;
  readonly maxQueuedCommits: number;
  readonly maxQueuedBytes: number;
}

export interface Waiting {
  readonly commit: Commit;
  readonly bytes: number;
  /** On the monotonic clock. */
  readonly sinceMs: number;
  /** The first answer counts. */
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Commits that wait for the next transaction, bounded by count and by bytes: a slow disk is never a growing heap. */
export class CommitQueue {
  #waiting: Waiting[] = [];
  #unanswered = 0;
  #bytes = 0;

  /** `sizeOf`: what a commit counts where it is stored, when that is more than its events. */
  constructor(
    private readonly limits: QueueLimits,
    private readonly sizeOf: (commit: Commit) => number = commitBytes,
  ) {}

  /** Commits that are not settled. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Undefined when it is full. A commit counts until it has its answer. */
  offer(commit: Commit): Promise<AppendOutcome> | undefined {
    const bytes = this.sizeOf(commit);
    if (this.#unanswered >= this.limits.maxQueuedCommits || this.#bytes + bytes > this.limits.maxQueuedBytes) return undefined;
    this.#unanswered += 1;
    this.#bytes += bytes;
    const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome>();
    let answered = false;
    const first = (answer: () => void): void => {
      if (answered) return;
      answered = true;
      this.#unanswered -= 1;
      this.#bytes -= bytes;
      answer();
    };
    this.#waiting.push({ commit, bytes, sinceMs: performance.now(), resolve: (outcome) => first(() => resolve(outcome)), reject: (error) => first(() => reject(error)) });
    return promise;
  }

  /** What goes in one transaction: whatever waits, up to the limits of a batch. The same again until it is settled. */
  nextBatch(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: size } of this.#waiting) {
      if (count === this.limits.maxBatchCommits || (count > 0 && bytes + size > this.limits.maxCommitBytes)) break;
      bytes += size;
      count += 1;
    }
    return this.#waiting.slice(0, count);
  }

  /** The batch is done with: the next one is what stands behind it. */
  settle(batch: readonly Waiting[]): void {
    this.#waiting.splice(0, batch.length);
  }
}
