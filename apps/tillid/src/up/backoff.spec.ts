import { describe, expect, it } from 'vitest';
import { backoffMs, deathsAfter } from './backoff.js';

describe('a service that dies again and again', () => {
  it('is started again after 0.1 s, then later and later, never later than 10 s', () => {
    expect([1, 2, 3, 7, 8, 1000].map(backoffMs)).toEqual([100, 200, 400, 6400, 10_000, 10_000]);
  });

  it('is forgiven after ten seconds of health', () => {
    expect(deathsAfter(5, 9999)).toBe(6);
    expect(deathsAfter(5, 10_000)).toBe(1);
  });
});
