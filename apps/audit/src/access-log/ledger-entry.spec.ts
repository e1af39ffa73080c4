import type { EventStore } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import { positionBelow } from './ledger-entry.js';

/** A ledger in which every third entry is this source's, and how often it was read. */
function ledgerOf(events: number) {
  const ledger = {
    reads: 0,
    lastRevision: async () => events,
    readStream: async (_source: string, after: number) => {
      ledger.reads += 1;
      return after < events ? [{ revision: after + 1, position: 3 * (after + 1), bytes: Buffer.alloc(0) }] : [];
    },
  };
  return ledger as typeof ledger & Pick<EventStore, 'lastRevision'>;
}

describe('how many of a source stand under the signed tree', () => {
  it('is found wherever the tree ends, by few reads however many wait to be signed, and by one when none does', async () => {
    for (const size of [0, 1, 2, 3, 4, 299, 300, 10_000, 29_999, 30_000, 50_000]) {
      const ledger = ledgerOf(10_000);
      expect(await positionBelow(ledger as unknown as EventStore, 'consent/0', size)).toBe(Math.min(10_000, Math.floor(size / 3)));
      expect(ledger.reads).toBeLessThanOrEqual(size >= 30_000 ? 1 : 16);
    }
    expect(await positionBelow(ledgerOf(0) as unknown as EventStore, 'consent/0', 10)).toBe(0);
  });
});
