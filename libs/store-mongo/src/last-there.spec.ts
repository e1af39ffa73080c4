import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastThere } from './last-there.js';

/** Numbers 1 to `last`; counts what is asked. */
function upTo(last: number) {
  const asked: number[] = [];
  const there = async (candidates: readonly number[]) => {
    asked.push(candidates.length);
    return new Set(candidates.filter((candidate) => candidate <= last));
  };
  return { there, asked };
}

describe('the last number that is there', () => {
  it('is found wherever it is, from whatever is known, in few questions of few keys', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.nat(200), fc.integer({ min: 0, max: 2 ** 50 })), fc.double({ min: 0, max: 1, noNaN: true }), async (last, share) => {
      const { there, asked } = upTo(last);
      expect(await lastThere(Math.floor(last * share), there)).toBe(last);
      expect(Math.max(...asked)).toBeLessThanOrEqual(31);
      expect(asked.length).toBeLessThanOrEqual(13);
    }));
  });
  it('takes one question to say that nothing was added, and that nothing is there', async () => {
    for (const last of [0, 7]) {
      const { there, asked } = upTo(last);
      expect(await lastThere(last, there)).toBe(last);
      expect(asked).toHaveLength(1);
    }
  });
  it('never answers with less than was there when it was asked, however fast numbers are added', async () => {
    let last = 10;
    const answer = await lastThere(0, async (candidates) => new Set(candidates.filter((candidate) => candidate <= (last += 3))));
    expect(answer).toBeGreaterThanOrEqual(10);
    expect(answer).toBeLessThanOrEqual(last);
  });
});
