import { given } from '@tillid/eventsourcing';
import { describe, it } from 'vitest';
import { logReading } from './log-reading.js';
import { replay, type ReplayLog } from './replay.decider.js';

const day = '2026-11-24';
const reader = { kind: 'citizen', id: 'c1' } as const;
const read = { type: 'ReadLog', reader, day } as const;
const close = (readings: number, today = '2026-11-25') => ({ type: 'CloseDay', reader, day, readings, today }) as const;
const counted = (count: number) => ({ type: 'AccessLogRead', citizenId: 'c1', day, count }) as const;
const givenReadings = given(logReading);

describe('a citizen who reads their own log', () => {
  it('sees the first reading of the day at once', () => givenReadings().when(read).then(counted(1)));
  it('adds nothing by reading on', () => givenReadings(counted(1)).when(read).thenNothing());
  it('sees the rest as one number when the day is over', () => givenReadings(counted(1)).when(close(7)).then(counted(6)));
  it('sees nothing more when there was one reading', () => givenReadings(counted(1)).when(close(1)).thenNothing());
  it('sees no number before the day is over', () => givenReadings(counted(1)).when(close(7, day)).thenNothing());
  it('sees the rest once, when the end of the day comes again', () => givenReadings(counted(1), counted(6)).when(close(7)).thenNothing());
  it('is not told of readings of a day that was closed', () => givenReadings(counted(1), counted(6)).when(read).thenNothing());
});

describe('an auditor who reads entries one by one', () => {
  it('is seen the first time of a day, and counted when it is over', () => {
    const auditor = { kind: 'auditor', id: 'a1' } as const;
    const seen = { type: 'EntriesRead', auditorId: 'a1', day, count: 1 } as const;
    givenReadings().when({ ...read, reader: auditor }).then(seen);
    givenReadings(seen).when({ ...close(3), reader: auditor }).then({ ...seen, count: 2 });
  });
});

describe('an auditor who replays the log', () => {
  const begin: ReplayLog = { type: 'ReplayLog', replayId: 'r1', fromPosition: 1, filteredBy: ['subject'], untilMs: 7 };
  const replayed = { type: 'LogReplayed' as const, replayId: 'r1', fromPosition: 1, filteredBy: ['subject'], untilMs: 7 };
  it('is seen by everyone', () => given(replay)().when(begin).then(replayed));
  it('is seen once, however often it begins again', () => given(replay)(replayed).when({ ...begin, fromPosition: 9 }).thenNothing());
});
