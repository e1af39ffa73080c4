import fc from 'fast-check';
import { chained, startingPoint } from '@tillid/eventsourcing';
import { beforeAll, describe, expect, it } from 'vitest';
import { announcedLog } from '../../test/announced-log.js';
import type { NewRecord, TopicRecord } from '../kafka-client.js';
import { eventRecord, headRecord } from '../record.js';
import { assemble } from './assemble.js';

const length = 12;
let event: (position: number) => NewRecord;
let head: (position: number) => NewRecord;
let bytes: (position: number) => Buffer;

beforeAll(async () => {
  const log = await announcedLog();
  await log.append(length - 1);
  const events = chained(startingPoint, (await log.store.readAll(0, length)).map((stored) => stored.bytes));
  event = (position) => eventRecord(events[position - 1]!);
  head = (position) => headRecord(log.signHead(position, events[position - 1]!.chain, position));
  bytes = (position) => Buffer.from(events[position - 1]!.bytes);
});

const topic = (...records: readonly NewRecord[]): TopicRecord[] =>
  records.map(({ headers, value }, offset) => ({ offset, value, headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, Buffer.from(header as Buffer)])) }));
const shown = (delivered: number, ...records: readonly NewRecord[]) => {
  const { batches, ...rest } = assemble(topic(...records), delivered);
  return { ...rest, batches: batches.map(({ firstPosition, events, head: under }) => [firstPosition, events.length, under?.position]) };
};

describe('what one read of the topic brought', () => {
  it('is one batch under its last head', () => {
    expect(shown(0, event(1), event(2), head(2), event(3), head(3), event(4))).toEqual({ batches: [[1, 4, 3]], delivered: 4, strange: 0 });
  });

  it('that is known already is nothing, and a head about it neither', () => {
    expect(shown(5, event(3), event(4), head(4), event(5))).toEqual({ batches: [], delivered: 5, strange: 0 });
    expect(shown(5, event(4), event(5), event(6), head(6))).toEqual({ batches: [[6, 1, 6]], delivered: 6, strange: 0 });
  });

  it('that is a head alone says so', () => {
    expect(shown(5, head(5))).toEqual({ batches: [[0, 0, 5]], delivered: 5, strange: 0 });
    // More than we were sent: a lost tail is not passed over.
    expect(shown(5, head(7))).toEqual({ batches: [[0, 0, 7]], delivered: 5, strange: 0 });
  });

  it('with a hole shows the hole', () => {
    expect(shown(2, event(3), head(3), event(6), event(7), head(7))).toEqual({ batches: [[3, 1, 3], [6, 2, 7]], delivered: 7, strange: 0 });
  });

  it('counts what no relay wrote, and goes on', () => {
    expect(shown(0, event(1), { headers: {}, value: Buffer.from('junk') }, event(2), head(2))).toEqual({ batches: [[1, 2, 2]], delivered: 2, strange: 1 });
  });

  it('however duplicated and interleaved, delivers each event once and in order, as long as none came too early', () => {
    // As several relays write: each run begins at or before the first that is not there yet.
    const run = fc.record({ back: fc.nat(4), count: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (runs, readSize) => {
        const records: NewRecord[] = [];
        let there = 0;
        for (const { back, count } of runs) {
          const first = Math.max(1, there + 1 - back);
          const last = Math.min(length, first + count);
          for (let position = first; position <= last; position++) records.push(event(position));
          if (last >= 1) records.push(head(last));
          there = Math.max(there, last);
        }
        const delivered: Buffer[] = [];
        let position = 0;
        const all = topic(...records);
        for (let at = 0; at < all.length; at += readSize) {
          const read = assemble(all.slice(at, at + readSize), position);
          for (const batch of read.batches) {
            if (batch.events.length > 0) expect(batch.firstPosition).toBe(delivered.length + 1);
            delivered.push(...(batch.events as Buffer[]));
            expect(batch.head === undefined || batch.head.position <= there).toBe(true);
          }
          position = read.delivered;
        }
        expect(delivered.map((each, index) => each.equals(bytes(index + 1)))).toEqual(delivered.map(() => true));
        expect(delivered).toHaveLength(there);
      }),
      { numRuns: 200 },
    );
  });
});
