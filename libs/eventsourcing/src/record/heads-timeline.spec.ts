import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { HeadsTimeline } from '../index.js';

const seen = (timeMs: number, positions: Readonly<Record<string, number>>) => ({ timeMs, positions: new Map(Object.entries(positions)) });

describe('the timeline of heads', () => {
  const timeline = new HeadsTimeline();
  timeline.add(seen(1000, { 'consent/0': 3 }));
  timeline.add(seen(2000, { 'consent/0': 3, 'identity/0': 1 }));
  timeline.add(seen(3000, { 'consent/0': 7, 'identity/0': 1 }));

  it('dates an entry by the first head that covers it', () => {
    expect([1, 3, 4, 7].map((position) => timeline.dateOf('consent/0', position))).toEqual([1000, 1000, 3000, 3000]);
    expect(timeline.dateOf('identity/0', 1)).toBe(2000);
  });

  it('cannot date yet what no head covers', () => {
    expect(timeline.dateOf('consent/0', 8)).toBeUndefined();
    expect(timeline.dateOf('unheard/0', 1)).toBeUndefined();
  });

  it('knows an instant by the positions named last before it', () => {
    expect(timeline.positionsAt(999).size).toBe(0);
    expect(Object.fromEntries(timeline.positionsAt(1000))).toEqual({ 'consent/0': 3 });
    expect(Object.fromEntries(timeline.positionsAt(2999))).toEqual({ 'consent/0': 3, 'identity/0': 1 });
    expect(Object.fromEntries(timeline.positionsAt(9999))).toEqual({ 'consent/0': 7, 'identity/0': 1 });
  });

  it('does not take a time or a position that goes back', () => {
    expect(timeline.add(seen(2999, { 'consent/0': 8 }))).toBe(false);
    expect(timeline.add(seen(4000, { 'consent/0': 6 }))).toBe(false);
    expect(timeline.lastTimeMs).toBe(3000);
    expect(timeline.lastPosition('consent/0')).toBe(7);
  });

  it('agrees with itself: what is dated at or before an instant is exactly what the instant has', () => {
    const steps = fc.array(fc.record({ after: fc.nat(5), a: fc.nat(3), b: fc.nat(3) }), { maxLength: 20 });
    fc.assert(fc.property(steps, fc.nat(100), (list, instant) => {
      const own = new HeadsTimeline();
      let [timeMs, a, b] = [0, 0, 0];
      for (const step of list) own.add(seen((timeMs += step.after), { a: (a += step.a), b: (b += step.b) }));
      for (const [source, last] of [['a', a], ['b', b]] as const) {
        for (let position = 1; position <= last; position++) {
          expect((own.dateOf(source, position) ?? Infinity) <= instant).toBe(position <= (own.positionsAt(instant).get(source) ?? 0));
        }
      }
    }));
  });
});
