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
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Commits that wait for the next transaction, bounded by count and by bytes: a slow disk is never a growing heap. */
export class CommitQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(private readonly limits: QueueLimits) {}

  get length(): number {
    return this.#waiting.length;
  }

  /** Undefined when it is full. */
  offer(commit: Commit): Promise<AppendOutcome> | undefined {
    const bytes = commitBytes(commit);
    if (this.#waiting.length >= this.limits.maxQueuedCommits || this.#bytes + bytes > this.limits.maxQueuedBytes) return undefined;
    this.#bytes += bytes;
    return new Promise((resolve, reject) => this.#waiting.push({ commit, bytes, resolve, reject }));
  }

  /** What goes in one transaction: whatever waits, up to the limits of a batch. Still counted until `settle`. */
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

  /** The batch has its answers. */
  settle(batch: readonly Waiting[]): void {
    this.#waiting.splice(0, batch.length);
    for (const { bytes } of batch) this.#bytes -= bytes;
  }
}
