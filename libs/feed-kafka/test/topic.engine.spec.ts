import { chained, followSource, ProgressBook, startingPoint } from '@tillid/eventsourcing';
import { systemClock } from '@tillid/runtime';
import { startEngines } from '@tillid/testing';
import kafkajs from 'kafkajs';
import { afterAll, describe, expect, it } from 'vitest';
import { kafkaClient, migrateTopic, requireTopic, topicOf, type NewRecord } from '../src/index.js';
import { eventRecord, headRecord, readRecord } from '../src/record.js';
import { until } from './announced-log.js';
import { keeper, sourceItself } from './keeper.js';
import { sourceOnKafka, started } from './real-kafka.js';

const engines = await startEngines({ kafka: true });
afterAll(() => engines?.stop());

describe.skipIf(!engines)("a source's topic", () => {
  const wanted = () => ({ client: kafkaClient({ brokers: engines!.brokers, tls: undefined, clientId: 'migrate', logger: quiet }), source: 'identity/0', replication: 1, retentionHours: 72 });
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, flush() {}, child: () => quiet };

  it('is required, made, made again without a change, mended, and then fits', async () => {
    await expect(requireTopic(wanted())).rejects.toThrow('topic tillid.identity.events: it is not there, or this caller may not see it: run `migrate` of this service');
    // Two replicas at once.
    expect((await Promise.all([migrateTopic(wanted()), migrateTopic(wanted())])).toSorted()).toEqual(['fits', 'made']);
    expect(await migrateTopic(wanted())).toBe('fits');
    await requireTopic(wanted());

    const longer = { ...wanted(), retentionHours: 96 };
    await expect(requireTopic(longer)).rejects.toThrow('retention.ms is 259200000, not 345600000');
    expect(await migrateTopic(longer)).toBe('mended');
    await requireTopic(longer);
    // Kept longer than needed is fine.
    await requireTopic(wanted());
  });

  it('keeps what others have set on it when it is mended', async () => {
    const parts = { ...wanted(), source: 'identity/7' };
    await migrateTopic(parts);
    const name = topicOf(parts.source);
    await parts.client.administer((admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries: [{ name: 'flush.messages', value: '77' }] }] }));
    await expect(requireTopic(parts)).rejects.toThrow('max.message.bytes');
    expect(await migrateTopic(parts)).toBe('mended');
    await requireTopic(parts);
    const { resources } = await parts.client.administer((admin) => admin.describeConfigs({ includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ['flush.messages'] }] }));
    expect(resources[0]!.configEntries[0]!.configValue).toBe('77');
  });

  it('of several partitions, or on too few brokers, is refused by start and migration', async () => {
    const parts = { ...wanted(), source: 'identity/8' };
    await parts.client.administer((admin) => admin.createTopics({ topics: [{ topic: topicOf(parts.source), numPartitions: 3, replicationFactor: 1 }] }));
    await expect(requireTopic(parts)).rejects.toThrow('it has 3 partitions, not 1');
    await expect(migrateTopic(parts)).rejects.toThrow('it has 3 partitions, not 1');
    await migrateTopic({ ...wanted(), source: 'identity/9' });
    await expect(requireTopic({ ...wanted(), source: 'identity/9', replication: 3 })).rejects.toThrow('1 broker holds each record, not 3');
    await expect(migrateTopic({ ...wanted(), source: 'identity/10', replication: 3 })).rejects.toThrow('topic tillid.identity.events.10: INVALID_REPLICATION_FACTOR: are there enough brokers?');
  });
});

describe.skipIf(!engines)('a consumer by way of Kafka', () => {
  /** A follower of a source on Kafka, with the source itself for back-fills; `hold` its handler. */
  async function following({ pageEvents = 1000, ...options }: { readonly fetchBytes?: number; readonly pageEvents?: number } = {}) {
    const fed = await sourceOnKafka(engines!);
    const book = new ProgressBook();
    const direct = sourceItself(fed.store, fed.signHead, pageEvents);
    const { consumer, bytes, taken } = keeper('keeper');
    let gate: Promise<void> = Promise.resolve();
    const held = { ...consumer, apply: async (...applied: Parameters<typeof consumer.apply>) => (await gate, consumer.apply(...applied)) };
    const readers = fed.reader(options);
    const follower = followSource({ source: fed.source, consumer: held, book, clock: systemClock, reader: direct, relay: readers, relayRestMs: 0, retryPauseMs: 20 });
    const reached = (position: number) => book.waitFor('keeper', fed.source, position, AbortSignal.timeout(30_000));
    const hold = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    };
    const stop = async () => {
      await follower.stop();
      readers.close();
    };
    return { ...fed, follower, reached, hold, stop, bytes, taken, direct, line: book.line('keeper', fed.source) };
  }

  it('that was paused until retention dropped what it had still to read, asks the source for just that', async () => {
    const { append, relay, follower, reached, hold, stop, bytes, everything, direct, line, client, topic } = await following({ fetchBytes: 64 * 1024 });
    const running = await started(relay());
    follower.start();
    await append(1000);
    expect(await reached(1001)).toBe(true);
    const asked = [...direct.asked];
    const release = hold();
    await append(6000);
    await until(() => running.lag().published === 7001);
    // Half of what it has not seen is gone.
    await client.administer(async (admin) => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4500' }] });
    });
    release();
    expect(await reached(7001)).toBe(true);
    await append(100);
    expect(await reached(7101)).toBe(true);
    await stop();
    await running.stop();
    expect(bytes()).toEqual(await everything());
    expect(direct.asked.length).toBe(asked.length + 1);
    expect(line.parked).toBe(false);
  });

  it('goes on when the topic is deleted and made anew', async () => {
    const { append, relay, follower, reached, stop, bytes, everything, client, source, topic, line } = await following();
    const running = await started(relay());
    follower.start();
    await append(500);
    expect(await reached(501)).toBe(true);
    await client.administer((admin) => admin.deleteTopics({ topics: [topic] }));
    await append(500);
    await migrateTopic({ client, source, replication: 1, retentionHours: 1 });
    await append(500);
    await until(() => running.lag().events === 0);
    await append(500);
    expect(await reached(2001)).toBe(true);
    await stop();
    await running.stop();
    expect(bytes()).toEqual(await everything());
    expect(line.parked).toBe(false);
  });

  it('is given every event twice and out of order, with forged ones between, and applies each once, in order', async () => {
    const { append, store, signHead, follower, reached, stop, bytes, everything, client, topic, line, direct } = await following({ pageEvents: 10 });
    await append(400);
    const events = chained(startingPoint, (await store.readAll(0, 1000)).map((stored) => stored.bytes));
    const head = (position: number): NewRecord => headRecord(signHead(position, events[position - 1]!.chain, Date.now()));
    const forged = (position: number): NewRecord => ({ ...eventRecord(events[position - 1]!), value: Buffer.from('forged') });
    const writing = await client.openWriting(topic);
    const write = (...positions: readonly number[]) => writing.append([...positions.map((position) => eventRecord(events[position - 1]!)), head(Math.max(...positions))]);
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    await write(...range(1, 50), ...range(1, 50));
    await write(...range(91, 140), ...range(51, 90).toReversed());
    await writing.append([forged(141), { ...head(400), headers: { ...head(400).headers, tillid_position: '399' } }, { headers: {}, value: Buffer.from('junk') }]);
    await write(...range(101, 250));
    await write(...range(1, 401));
    follower.start();
    expect(await reached(401)).toBe(true);
    await writing.close();
    await stop();
    expect(bytes()).toEqual(await everything());
    expect(line.parked).toBe(false);
    // The source itself was asked for what was missing or false, not for everything.
    expect(direct.given()).toBeLessThan(250);
  });

  it('is given each event once by two relays that do not know of each other', async () => {
    const { append, relay, follower, reached, stop, bytes, everything, everyRecord } = await following();
    const both = await Promise.all([started(relay()), started(relay())]);
    follower.start();
    for (let round = 1; round <= 5; round++) {
      await append(600);
      expect(await reached(1 + 600 * round)).toBe(true);
    }
    for (const each of both) await each.stop();
    await stop();
    expect(bytes()).toEqual(await everything());
    const positions = (await everyRecord()).map(readRecord).flatMap((record) => (record?.kind === 'event' ? [record.position] : []));
    expect([...new Set(positions)]).toEqual(Array.from({ length: 3000 }, (_, index) => index + 2));
  });

  it('wakes nobody while nothing happens: at rest, relay and reader cost next to nothing', async () => {
    const { relay, follower, stop, append, reached } = await following();
    const running = await started(relay());
    follower.start();
    await append(1);
    expect(await reached(2)).toBe(true);
    const set = globalThis.setTimeout;
    let timers = 0;
    globalThis.setTimeout = ((...asked: Parameters<typeof set>) => (timers++, set(...asked))) as typeof set;
    try {
      await new Promise((resolve) => set(resolve, 2000));
    } finally {
      globalThis.setTimeout = set;
    }
    // The relay looks ten times a second. kafkajs alone would have set some 4,000.
    expect(timers).toBeLessThan(200);
    await stop();
    await running.stop();
  });
});
