import { describe, expect, it } from 'vitest';
import { CommitQueue, type QueueLimits } from './commit-queue.js';
import type { Commit } from './event-store.js';

const roomy: QueueLimits = { maxBatchCommits: 100, maxCommitBytes: 100, maxQueuedCommits: 100, maxQueuedBytes: 100 };
const ofBytes = (bytes: number): Commit => ({
  commandId: new Uint8Array(16),
  fingerprint: new Uint8Array(32),
  writes: [{ stream: 'a', expectedRevision: 0, events: [new Uint8Array(bytes)] }],
});
const sizes = (queue: CommitQueue): number[] => queue.nextBatch().map(({ bytes }) => bytes);

describe('a queue of commits', () => {
  it('refuses what would pass its limit in commits or in bytes, until a batch has its answers', () => {
    for (const limits of [{ ...roomy, maxQueuedCommits: 2 }, { ...roomy, maxQueuedBytes: 25 }]) {
      const queue = new CommitQueue(limits);
      expect([10, 10, 10].map((bytes) => queue.offer(ofBytes(bytes)) !== undefined)).toEqual([true, true, false]);
      const batch = queue.nextBatch();
      queue.settle(batch);
      expect(queue.offer(ofBytes(10))).toBeUndefined();
      // A second answer to the first makes no more room.
      for (const answered of [batch[0]!, batch[0]!]) answered.resolve({ kind: 'too_large' });
      expect([10, 10].map((bytes) => queue.offer(ofBytes(bytes)) !== undefined)).toEqual([true, false]);
      expect(queue.length).toBe(1);
    }
  });
  it('gives batches of so many commits and so many bytes, in the order they came, and at least one commit', () => {
    const byCount = new CommitQueue({ ...roomy, maxBatchCommits: 2 });
    const byBytes = new CommitQueue({ ...roomy, maxCommitBytes: 25 });
    for (const queue of [byCount, byBytes]) for (const bytes of [10, 11, 30, 12]) void queue.offer(ofBytes(bytes));
    expect(sizes(byCount)).toEqual([10, 11]);
    for (const batch of [[10, 11], [30], [12], []]) {
      expect(sizes(byBytes)).toEqual(batch);
      byBytes.settle(byBytes.nextBatch());
    }
  });
});
