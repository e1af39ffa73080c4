import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemoryKafka } from '../../test/in-memory-kafka.js';
import type { NewRecord, TopicReading } from '../kafka-client.js';
import { locate } from './locate.js';

const event = (position: number): NewRecord => ({ headers: { tillid_record: 'event', tillid_position: String(position), tillid_chain: Buffer.alloc(32) }, value: Buffer.alloc(1) });
const junk: NewRecord = { headers: {}, value: Buffer.from('junk') };

async function topicOf(positions: readonly number[]) {
  const kafka = inMemoryKafka();
  kafka.inject(...positions.map((position) => (position < 0 ? junk : event(position))));
  return { kafka, reading: await kafka.client.openReading('t') };
}
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('where to begin reading after a position', () => {
  it('is found in a few small reads, however long the topic', async () => {
    const { kafka, reading } = await topicOf(upTo(50_000));
    const offset = await locate(reading, 40_000);
    expect(offset).toBeLessThanOrEqual(40_000);
    expect(offset).toBeGreaterThan(40_000 - 2_100);
    expect(kafka.read.length).toBeLessThan(20);
  });

  it('is the beginning when the topic begins later, and near the end when it knows no more', async () => {
    const { kafka, reading } = await topicOf(upTo(10_000));
    kafka.retainFrom(5_000);
    expect(await locate(reading, 17)).toBe(5_000);
    expect(await locate(reading, 10_000)).toBe(10_000 - 2_048);
    expect(await locate(reading, 99_999)).toBe(10_000 - 2_048);
    kafka.retainFrom(10_000);
    expect(await locate(reading, 17)).toBe(10_000);
  });

  it('is looked for again when retention moves the start meanwhile', async () => {
    const { kafka, reading } = await topicOf(upTo(10_000));
    let reads = 0;
    const moving: TopicReading = { ...reading, read: (...asked) => (++reads === 2 && kafka.retainFrom(9_000), reading.read(...asked)) };
    expect(await locate(moving, 1_000)).toBe(9_000);
  });

  it('is never too late, where relays wrote up to two batches twice and strangers anything in between', async () => {
    const run = fc.record({ count: fc.integer({ min: 1, max: 1_000 }), again: fc.nat(1_000), junk: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 6 }), fc.uniqueArray(fc.nat(5), { maxLength: 2 }), fc.nat(4_000), async (runs, twice, after) => {
        const positions: number[] = [];
        let there = 0;
        for (const [index, { count, again, junk: strange }] of runs.entries()) {
          if (twice.includes(index)) for (let position = Math.max(1, there - 1_000); position < Math.min(there, there - 1_000 + again); position++) positions.push(position);
          for (let added = 0; added < count; added++) positions.push(++there);
          if (strange) positions.push(-1);
        }
        const { reading } = await topicOf(positions);
        const wanted = positions.findIndex((position) => position > after);
        expect(await locate(reading, after)).toBeLessThanOrEqual(wanted === -1 ? positions.length : wanted);
      }),
      { numRuns: 60 },
    );
  });

  it('is not led astray by thousands of records of strangers', async () => {
    const { reading } = await topicOf([1, 2, 3, ...Array.from({ length: 5_000 }, () => -1), 4, 5]);
    expect(await locate(reading, 0)).toBe(0);
    expect(await locate(reading, 2)).toBeLessThanOrEqual(2);
    expect(await locate(reading, 4)).toBeLessThanOrEqual(5_004);
  });
});
