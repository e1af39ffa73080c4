import { setTimeout as pauseFor } from 'node:timers/promises';
import { chained, followSource, ledgerConsumer, ProgressBook, startingPoint, type FeedBatch, type SourceReader } from '@tillid/eventsourcing';
import { inMemoryEventStore, inMemoryReadModelStore } from '@tillid/eventsourcing/in-memory';
import { silentLogger, systemClock } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { announcedLog, newSourceKey, source, until } from '../../test/announced-log.js';
import { inMemoryKafka } from '../../test/in-memory-kafka.js';
import { eventRecord, headRecord } from '../record.js';
import { kafkaReader } from './kafka-reader.js';

/** A log of so many events, and its topic as a relay would have written it: ten events and a head, ten events and a head. */
async function world(length = 100) {
  const log = await announcedLog();
  await log.append(length - 1);
  const events = chained(startingPoint, (await log.store.readAll(0, length)).map(({ bytes }) => bytes));
  const kafka = inMemoryKafka();
  const event = (position: number) => eventRecord(events[position - 1]!);
  const head = (position: number, timeMs = position) => headRecord(log.signHead(position, events[position - 1]!.chain, timeMs));
  const publish = (from: number, to: number) => {
    for (let first = from; first <= to; first += 10) {
      const last = Math.min(to, first + 9);
      kafka.inject(...Array.from({ length: last - first + 1 }, (_, index) => event(first + index)), head(last));
    }
  };
  const reader = kafkaReader({ client: kafka.client, topicOf: () => 'topic', logger: silentLogger, fetchBytes: 3_000, silenceMaxMs: 200 });
  const ledger = inMemoryEventStore();
  const book = new ProgressBook();
  /** The source itself, for the back-fill: it tells at first only of as much as `there` says. */
  const asked: number[] = [];
  const there = { upTo: length };
  const direct: SourceReader = {
    async *subscribe(_source, after, signal) {
      asked.push(after);
      const last = Math.max(after, there.upTo);
      const batch = events.slice(after, last);
      // As a network takes its time.
      await pauseFor(1);
      yield { firstPosition: batch[0]?.position ?? 0, events: batch.map(({ bytes }) => bytes), head: log.signHead(last, events[last - 1]!.chain, systemClock.nowMs()) };
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
  const follower = () => followSource({ source, consumer: ledgerConsumer(ledger, inMemoryReadModelStore()), book, clock: systemClock, reader: direct, relay: reader, relayRestMs: 0, retryPauseMs: 1 });
  const taken = async () => (await ledger.readStream(source, 0, 100_000)).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  const reached = (position: number) => book.waitFor('ledger', source, position, AbortSignal.timeout(10_000));
  return { ...log, events, kafka, event, head, publish, reader, follower, taken, reached, asked, there, book };
}

async function take(batches: AsyncIterable<FeedBatch>, upTo: number): Promise<FeedBatch[]> {
  const taken: FeedBatch[] = [];
  for await (const batch of batches) {
    taken.push(batch);
    if ((batch.head?.position ?? 0) >= upTo) break;
  }
  return taken;
}

describe('reading a source by way of Kafka', () => {
  it.each([0, 1, 9, 10, 57, 99])('brings everything after position %i, dense and in order, under heads', async (after) => {
    const { publish, reader, events } = await world();
    publish(1, 100);
    const batches = await take(reader.subscribe(source, after, new AbortController().signal), 100);
    expect(batches.flatMap((batch) => batch.events.map((bytes) => Buffer.from(bytes)))).toEqual(events.slice(after).map(({ bytes }) => Buffer.from(bytes)));
    expect(batches.find((batch) => batch.events.length > 0)?.firstPosition).toBe(after + 1);
  });

  it('brings what is written while it waits', async () => {
    const { publish, reader } = await world();
    publish(1, 50);
    const batches = reader.subscribe(source, 50, new AbortController().signal)[Symbol.asyncIterator]();
    expect((await batches.next()).value).toMatchObject({ events: [], head: { position: 50 } });
    const next = batches.next();
    publish(51, 60);
    expect((await next).value).toMatchObject({ firstPosition: 51, head: { position: 60 } });
    await batches.return?.();
  });

  it('reads nothing more while its handler is at work', async () => {
    const { publish, reader, kafka } = await world(500);
    publish(1, 500);
    const batches = reader.subscribe(source, 0, new AbortController().signal)[Symbol.asyncIterator]();
    await batches.next();
    const reads = kafka.read.length;
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(kafka.read).toHaveLength(reads);
    await batches.return?.();
  });

  it('ends with its signal, also before it began and while it waits', async () => {
    const { publish, reader } = await world();
    publish(1, 10);
    expect(await take(reader.subscribe(source, 0, AbortSignal.abort()), 1000)).toEqual([]);
    const stopping = new AbortController();
    const ended = take(reader.subscribe(source, 10, stopping.signal), 1000);
    setTimeout(() => stopping.abort(), 20);
    expect((await ended).length).toBeLessThanOrEqual(1);
  });

  it('says so when nothing new comes: the relay is away, or we know more than it', async () => {
    const { publish, reader } = await world();
    publish(1, 10);
    await expect(take(reader.subscribe(source, 57, new AbortController().signal), 1000)).rejects.toThrow('nothing new about consent/0');
    await expect(take(reader.subscribe(source, 10, new AbortController().signal), 1000)).rejects.toThrow('nothing new about consent/0');
  });

  it('says so when there is no topic, or no longer', async () => {
    const { publish, reader, kafka } = await world();
    publish(1, 10);
    const batches = reader.subscribe(source, 0, new AbortController().signal)[Symbol.asyncIterator]();
    await batches.next();
    kafka.delete();
    await expect(take({ [Symbol.asyncIterator]: () => batches }, 1000)).rejects.toThrow('there is no topic');
    await expect(take(reader.subscribe(source, 0, new AbortController().signal), 1000)).rejects.toThrow('there is no topic');
  });

  it('goes on from the new beginning when retention drops what it had still to read, or the topic was made anew', async () => {
    const { publish, reader, kafka } = await world();
    publish(1, 30);
    const batches = reader.subscribe(source, 0, new AbortController().signal)[Symbol.asyncIterator]();
    await batches.next();
    publish(31, 90);
    kafka.retainFrom(44);
    expect((await batches.next()).value).toMatchObject({ firstPosition: 41 });
    kafka.makeAnew();
    publish(95, 100);
    const [rest] = await take({ [Symbol.asyncIterator]: () => batches }, 100);
    expect(rest).toMatchObject({ firstPosition: 95, head: { position: 100 } });
  });

  it('ends every subscription when it is closed', async () => {
    const { publish, reader } = await world();
    publish(1, 10);
    const ended = Promise.all([take(reader.subscribe(source, 0, new AbortController().signal), 1000), take(reader.subscribe(source, 5, new AbortController().signal), 1000)]);
    await pauseFor(10);
    reader.close();
    await ended;
  });
});

describe('a consumer that follows a source by way of Kafka', () => {
  it('asks the source for its first event, and takes the rest from the topic, exactly once', async () => {
    const { publish, follower, taken, reached, everything, asked, there } = await world();
    there.upTo = 1;
    publish(1, 40);
    publish(21, 60);
    publish(1, 30);
    publish(51, 100);
    const following = follower();
    following.start();
    expect(await reached(100)).toBe(true);
    await following.stop();
    expect(asked).toEqual([0]);
    expect(await taken()).toEqual(await everything());
  });

  it('whose start retention has dropped asks the source for what is missing', async () => {
    const { publish, follower, taken, reached, everything, asked, kafka, book } = await world();
    publish(1, 100);
    kafka.retainFrom(55);
    const following = follower();
    following.start();
    expect(await reached(100)).toBe(true);
    await following.stop();
    expect(asked).toEqual([0]);
    expect(book.line('ledger', source).gaps).toBe(1);
    expect(await taken()).toEqual(await everything());
  });

  it.each<[string, (parts: Awaited<ReturnType<typeof world>>) => void]>([
    ['an event altered', ({ kafka, event }) => kafka.inject({ ...event(61), value: Buffer.from('altered') })],
    ['an event of somebody else', ({ kafka, event }) => kafka.inject({ headers: { ...event(61).headers, ce_source: 'identity/0' }, value: Buffer.from('made up') })],
    ['an event at a forged position', ({ kafka, event }) => kafka.inject({ headers: { ...event(61).headers, tillid_position: '5000' }, value: event(61).value })],
    ['an event with a forged chain', ({ kafka, event }) => kafka.inject({ headers: { ...event(61).headers, tillid_chain: Buffer.alloc(32, 7) }, value: event(61).value })],
    ['a head signed by somebody else', ({ kafka, events }) => kafka.inject(headRecord(newSourceKey().sign({ source, position: 60, chain: events[59]!.chain, timeMs: Date.now() })))],
    ['a head far ahead, signed by somebody else', ({ kafka }) => kafka.inject(headRecord(newSourceKey().sign({ source, position: 2 ** 50, chain: Buffer.alloc(32, 1), timeMs: Date.now() })))],
    ['a head of another source', ({ kafka, key }) => kafka.inject(headRecord(key.sign({ source: 'identity/0', position: 61, chain: Buffer.alloc(32, 1), timeMs: Date.now() })))],
    ['an old head again, as if it were news', ({ kafka, head }) => kafka.inject(head(10, 10))],
    ['the newest events left out, under their head', ({ kafka, head }) => kafka.inject(head(65))],
    ['an event of another history, and its head', ({ kafka, event, events }) => {
      const [made] = chained({ ...startingPoint, position: 60, chain: events[59]!.chain }, [Buffer.from('another 61')]);
      kafka.inject({ ...event(61), value: Buffer.from('another 61') }, headRecord(newSourceKey().sign({ source, position: 61, chain: made!.chain, timeMs: Date.now() })));
    }],
    ['junk', ({ kafka }) => kafka.inject({ headers: { tillid_record: 'head', tillid_position: '61', tillid_chain: Buffer.alloc(32) }, value: Buffer.alloc(100, 1) })],
  ])('is not touched by %s', async (_what, spoil) => {
    const parts = await world();
    const { publish, follower, taken, reached, everything, book, there, kafka } = parts;
    publish(1, 60);
    // The source itself has no more either: whatever is taken in beyond these came from the topic.
    there.upTo = 60;
    const following = follower();
    following.start();
    expect(await reached(60)).toBe(true);
    spoil(parts);
    const reads = kafka.read.length;
    await until(() => kafka.read.length > reads + 5);
    expect(await taken()).toEqual((await everything()).slice(0, 60));
    there.upTo = 100;
    publish(61, 100);
    expect(await reached(100)).toBe(true);
    await following.stop();
    expect(await taken()).toEqual(await everything());
    expect(book.line('ledger', source).parked).toBe(false);
  });
});
