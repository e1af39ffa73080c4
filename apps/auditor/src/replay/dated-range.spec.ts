import { HeadsTimeline } from '@tillid/eventsourcing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CouldNotLook } from '../could-not-look.js';
import { DatedRange } from './dated-range.js';

type Step = { readonly source: string } | { readonly afterMs: number; readonly ahead: number };

const steps = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom('consent/0', 'identity/0').map((source): Step => ({ source })) }, fc.record({ afterMs: fc.nat(3), ahead: fc.nat(2) })),
  { maxLength: 40 },
);
const instants = fc.option(fc.nat(30), { nil: undefined });

/** The log of these steps, let through, and by meaning: dated when all of it is known. */
function through(log: readonly Step[], fromMs: number | undefined, untilMs: number | undefined) {
  const timeline = new HeadsTimeline();
  const range = new DatedRange<string>(fromMs, untilMs);
  const positions = new Map([['consent/0', 0], ['identity/0', 0]]);
  const entries: { source: string; position: number; item: string }[] = [];
  const passed: string[] = [];
  let timeMs = 0;
  for (const step of log) {
    if ('source' in step) {
      const position = positions.get(step.source)! + 1;
      positions.set(step.source, position);
      entries.push({ source: step.source, position, item: `${step.source}@${position}` });
      passed.push(...range.entry(entries.at(-1)!));
      continue;
    }
    timeMs += step.afterMs;
    // Audit may have seen the head of what it has not taken in yet.
    timeline.add({ timeMs, positions: new Map([...positions].map(([source, position]) => [source, position + step.ahead])) });
    passed.push(...range.headsSeen(timeline));
  }
  passed.push(...range.end());
  const meant = entries.filter(({ source, position }) => {
    const dateMs = timeline.dateOf(source, position);
    return dateMs === undefined ? untilMs === undefined : dateMs >= (fromMs ?? -Infinity) && dateMs <= (untilMs ?? Infinity);
  });
  return { passed, meant: meant.map(({ item }) => item), settled: range.isSettled };
}

describe('a range of instants', () => {
  it('lets through what is dated in it, in the order it came, whatever came when', () => {
    fc.assert(fc.property(steps, instants, instants, (log, fromMs, untilMs) => {
      const { passed, meant } = through(log, fromMs, untilMs);
      expect(passed).toEqual(meant);
    }), { numRuns: 1000 });
  });

  it('is settled once the log has gone on past it', () => {
    const log: Step[] = [{ source: 'consent/0' }, { afterMs: 10, ahead: 0 }, { source: 'consent/0' }, { afterMs: 10, ahead: 0 }];
    expect(through(log, undefined, 19)).toMatchObject({ passed: ['consent/0@1'], settled: true });
    expect(through(log, undefined, 20)).toMatchObject({ passed: ['consent/0@1', 'consent/0@2'], settled: false });
    expect(through(log, 20, undefined)).toMatchObject({ passed: ['consent/0@2'], settled: true });
    expect(through(log, 21, undefined)).toMatchObject({ passed: [], settled: false });
  });

  it('holds back no more than has room while nobody dates it', () => {
    const range = new DatedRange<number>(undefined, 1);
    expect(() => {
      for (let position = 1; position <= 100_001; position += 1) range.entry({ source: 'consent/0', position, item: position });
    }).toThrow(CouldNotLook);
  });
});
