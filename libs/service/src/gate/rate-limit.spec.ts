import { Refused } from '@tillid/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.js';

function limited(maxBuckets?: number) {
  let nowMs = 1_000_000;
  const limit = new RateLimit({ nowMs: () => nowMs }, maxBuckets);
  const take = (key = 'bank rpc', perMinute = 60): boolean | number => {
    try {
      limit.take(key, perMinute);
      return true;
    } catch (error) {
      if (error instanceof Refused && error.code === 'call.too_many') return error.details.retryAfterMs!;
      throw error;
    }
  };
  return { take, wait: (ms: number) => void (nowMs += ms) };
}

describe('a caller who calls often', () => {
  it('has a minute of calls at once, then one at a time as they come free', () => {
    const { take, wait } = limited();
    for (let i = 0; i < 60; i++) expect(take()).toBe(true);
    expect(take()).toBe(1000);
    wait(1000);
    expect(take()).toBe(true);
    expect(take()).toBe(1000);
  });

  it('takes nothing from another caller', () => {
    const { take } = limited();
    while (take('bank rpc') === true);
    expect(take('hospital rpc')).toBe(true);
  });

  it('never gets more than a minute\'s calls and what time has added since', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 300 }), fc.integer({ min: 1, max: 200 }), (waits, perMinute) => {
        const { take, wait } = limited();
        let granted = 0;
        let elapsed = 0;
        for (const ms of waits) {
          wait(ms);
          elapsed += ms;
          if (take('key', perMinute) === true) granted++;
          expect(granted).toBeLessThanOrEqual(perMinute + (elapsed * perMinute) / 60_000 + 1);
        }
      }),
    );
  });

  it('who waits as long as was said is let in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (perMinute) => {
        const { take, wait } = limited();
        let answer = take('key', perMinute);
        for (let i = 0; answer === true && i <= perMinute; i++) answer = take('key', perMinute);
        wait(answer as number);
        expect(take('key', perMinute)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('is one of a bounded number of buckets', () => {
    const { take } = limited(10);
    for (let i = 0; i < 1000; i++) expect(take(`caller-${i}`, 1)).toBe(true);
    // The newest ten are remembered.
    expect(take('caller-999', 1)).not.toBe(true);
    expect(take('caller-0', 1)).toBe(true);
  });
});
