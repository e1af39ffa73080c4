import { describe, expect, it } from 'vitest';
import type { StoredEvent } from '@tillid/eventsourcing';
import { LogTail } from './log-tail.js';

const events = (first: number, count: number, size = 10): StoredEvent[] => Array.from({ length: count }, (_, index) => ({ position: first + index, bytes: Buffer.alloc(size) }));
const positions = (page: StoredEvent[] | undefined) => page?.map(({ position }) => position);

describe('the tail of a log', () => {
  it('gives pages from what it keeps, and sends readers of anything else to the file', () => {
    const tail = new LogTail();
    expect(tail.page(0, 10)).toBeUndefined();
    tail.add(events(5, 3));
    expect(positions(tail.page(4, 10))).toEqual([5, 6, 7]);
    expect(positions(tail.page(5, 1))).toEqual([6]);
    expect(tail.page(3, 10)).toBeUndefined();
    expect(tail.page(7, 10)).toBeUndefined();
  });
  it('starts anew after a gap, so that no page ever skips', () => {
    const tail = new LogTail();
    tail.add(events(1, 3));
    tail.add(events(6, 2));
    expect(tail.page(0, 10)).toBeUndefined();
    expect(positions(tail.page(5, 10))).toEqual([6, 7]);
  });
  it('stays small, by count and by bytes, and keeps the newest', () => {
    for (const size of [10, 50_000]) {
      const tail = new LogTail();
      for (let first = 1; first <= 10_000; first += 100) tail.add(events(first, 100, size));
      expect(positions(tail.page(9_999, 10))).toEqual([10_000]);
      expect(tail.page(10_000 - 2_100, 1)).toBeUndefined();
    }
  });
  it('gives at most 8 MiB a page, and at least one event', () => {
    const tail = new LogTail();
    tail.add(events(1, 1, 60 * 1024));
    expect(positions(tail.page(0, 10))).toEqual([1]);
  });
});
