import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { describe, expect, it } from 'vitest';
import { headsToRecord } from './heads-seen.js';

const head = (source: string, position: number): SignedHead => ({ source, position, chain: Buffer.alloc(32), timeMs: 1, signature: Buffer.alloc(64) });

describe('what audit says it saw', () => {
  it('is recorded when a source has gone on', () => {
    expect(headsToRecord(undefined, [head('consent/0', 1)], 5)).toEqual({ timeMs: 5, heads: [head('consent/0', 1)] });
  });
  it('is not recorded because of audit itself, or a rest would never come', () => {
    const last = { timeMs: 5, heads: [head('audit/0', 3), head('consent/0', 1)] };
    expect(headsToRecord(last, [head('audit/0', 4), head('consent/0', 1)], 9)).toBeUndefined();
    expect(headsToRecord(undefined, [], 9)).toBeUndefined();
  });
  it('never goes back in time or position', () => {
    const last = { timeMs: 50, heads: [head('consent/0', 7), head('identity/0', 2)] };
    expect(headsToRecord(last, [head('consent/0', 6), head('identity/0', 3)], 20)).toEqual({ timeMs: 51, heads: [head('consent/0', 7), head('identity/0', 3)] });
  });
});
