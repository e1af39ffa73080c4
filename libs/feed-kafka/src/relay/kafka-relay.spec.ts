import { emptyChain, nextChain, verifySignedHead, type Telemetry } from '@tillid/eventsourcing';
import { silentLogger } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { announcedLog, newSourceKey, source, until } from '../../test/announced-log.js';
import { inMemoryKafka } from '../../test/in-memory-kafka.js';
import { headRecord, readRecord, type FeedRecord } from '../record.js';
import { kafkaRelay, type KafkaRelayOptions } from './kafka-relay.js';

async function world(kafka = inMemoryKafka(), key = newSourceKey()) {
  const log = await announcedLog({ key });
  const clock = { now: 1_000, nowMs: () => clock.now++ };
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (_fields: object, message: string) => void errors.push(message), warn: (_fields: object, message: string) => void errors.push(message) };
  const relay = (options: Partial<KafkaRelayOptions> = {}) =>
    kafkaRelay({ client: kafka.client, source, store: log.store, signHead: log.signHead, topic: 'topic', clock, logger, paceMs: 0, retryPauseMs: 1, ...options });
  const records = () => kafka.records().map(readRecord).filter((record): record is FeedRecord => record !== undefined);
  const positions = () => records().filter(({ kind }) => kind === 'event').map(({ position }) => position);
  const heads = () => records().flatMap((record) => (record.kind === 'head' ? [record.head] : []));
  /** Runs, and has said where it stands. */
  const started = async (options?: Partial<KafkaRelayOptions>) => {
    const running = relay(options);
    running.start();
    await until(() => heads().length > 0);
    return running;
  };
  const published = async (upTo: number) => until(() => Math.max(0, ...positions()) >= upTo);
  return { ...log, kafka, clock, errors, relay, started, records, positions, heads, published };
}
const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, index) => from + index);
/** As a consumer sees it: every position when it first appears. */
const firstAppearances = (positions: readonly number[]) => [...new Set(positions)];

describe('the relay', () => {
  it('begins an empty topic at the head of the log, and says so', async () => {
    const { append, started, heads, positions } = await world();
    await append(4);
    const running = await started();
    expect(positions()).toEqual([]);
    expect(heads()[0]).toMatchObject({ source, position: 5 });
    await running.stop();
  });

  it('publishes what is appended: exact bytes, in order, each batch under its head', async () => {
    const { append, started, records, published, everything, heads, key } = await world();
    const running = await started();
    for (let commit = 0; commit < 20; commit++) await append(3);
    await published(61);
    await running.stop();
    const events = records().filter((record) => record.kind === 'event');
    expect(events.map((record) => record.bytes.toString('hex'))).toEqual((await everything()).slice(1));
    // No record is the last of an append but a head of all before it.
    expect(records().at(-1)).toMatchObject({ kind: 'head', position: 61 });
    expect(heads().every((head) => verifySignedHead(head, key.publicKey))).toBe(true);
    let chain: Uint8Array = emptyChain;
    for (const bytes of await everything()) chain = nextChain(chain, Buffer.from(bytes, 'hex'));
    expect(heads().at(-1)!.chain.equals(chain)).toBe(true);
  });

  it('goes on where the last one ended', async () => {
    const { append, relay, heads, positions, published } = await world();
    for (let turn = 0; turn < 3; turn++) {
      const running = relay();
      running.start();
      await until(() => heads().length > turn);
      await append(10);
      await published(1 + 10 * (turn + 1));
      await running.stop();
    }
    expect(positions()).toEqual(upTo(31, 2));
  });

  it('says where it stands every second though nothing happens', async () => {
    const { relay, heads } = await world();
    const running = relay();
    running.start();
    await until(() => heads().length >= 3);
    await running.stop();
    const [first, second, third] = heads().map(({ timeMs }) => timeMs);
    expect([first! < second!, second! < third!]).toEqual([true, true]);
    expect(heads().map(({ position }) => position)).toEqual([1, 1, 1]);
  });

  it('signs a backlog as of when it last knew the end of the log: a head never says less than was true at its time', async () => {
    const { append, relay, started, heads, published, store, clock } = await world();
    const first = await started();
    await first.stop();
    // Three pages that wait.
    await append(2_500);
    clock.now = 50_000;
    const second = relay();
    second.start();
    await published(2_501);
    await second.stop();
    const { position } = await store.head();
    const lastTime = heads()[0]!.timeMs;
    const backlog = heads().slice(1).filter((head) => head.position < position);
    expect(backlog.length).toBeGreaterThan(1);
    expect(backlog.every(({ timeMs }) => timeMs === lastTime)).toBe(true);
    expect(heads().find((head) => head.position === position)!.timeMs).toBeGreaterThanOrEqual(50_000);
  });

  it('writes at most a mebibyte at once', async () => {
    const { append, started, records, published } = await world();
    const running = await started();
    await append(100, () => Buffer.alloc(60 * 1024, 1));
    await published(101);
    await running.stop();
    const sizes: number[] = [0];
    for (const record of records()) {
      if (record.kind === 'head') sizes.push(0);
      else sizes[sizes.length - 1]! += record.bytes.length;
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
    expect(Math.max(...sizes)).toBeGreaterThan(800 * 1024);
  });

  it.each(['before writing', 'after writing'] as const)('loses and skips nothing when appends fail %s', async (when) => {
    const { append, started, published, positions, kafka } = await world();
    const running = await started();
    for (let round = 0; round < 5; round++) {
      kafka.failNext(when, when);
      await append(7);
      await published(1 + 7 * (round + 1));
    }
    await running.stop();
    expect(firstAppearances(positions())).toEqual(upTo(36, 2));
    // Never again with a producer whose append failed.
    expect(kafka.opened.writings).toBeGreaterThan(5);
  });

  it('waits for a topic that is not there, and tells how far it is behind', async () => {
    const { append, relay, kafka, heads, errors } = await world();
    kafka.delete();
    const running = relay();
    running.start();
    await append(4);
    await until(() => errors.length > 2 && running.lag().head > 0);
    expect(running.lag()).toMatchObject({ published: 0, lastPublishedMs: 0 });
    expect(running.lag().events).toBeGreaterThan(0);
    kafka.makeAnew();
    await until(() => heads().length > 0);
    await until(() => running.lag().published === 5);
    expect(running.lag()).toMatchObject({ events: 0, head: 5 });
    expect(running.lag().lastPublishedMs).toBeGreaterThan(0);
    await running.stop();
  });

  it('tells whose work each batch goes on with, and how many events went out', async () => {
    const { append, started, published, traceParent } = await world();
    const spans: [string, number, readonly Uint8Array[]][] = [];
    let counted = 0;
    const telemetry: Telemetry = {
      span(name, attributes, work, continues = () => []) {
        spans.push([name, Number(attributes['events']), continues()]);
        return work();
      },
      count: (name, _attributes, by = 1) => void (name === 'relay.events' && (counted += by)),
    };
    const running = await started({ telemetry });
    await append(3);
    await published(4);
    await running.stop();
    expect(spans.map(([name]) => name)).toEqual(spans.map(() => 'relay.publish'));
    expect(spans.reduce((sum, [, events]) => sum + events, 0)).toBe(3);
    expect(spans.flatMap(([, , continues]) => continues.map((each) => Buffer.from(each)))).toEqual([traceParent, traceParent, traceParent]);
    expect(counted).toBe(3);
  });

  it('stops while an append hangs', async () => {
    const { append, started, kafka } = await world();
    const running = await started();
    const { begun, release } = kafka.hold();
    await append(1);
    await begun;
    const stopped = running.stop();
    release();
    await stopped;
  });
});

describe('two relays at once', () => {
  it('of which one was paused in the middle of an append: duplicates, and nothing else', async () => {
    const { append, relay, started, published, positions, kafka, errors } = await world();
    const paused = await started();
    const { begun, release } = kafka.hold();
    await append(10);
    await begun;
    // Another takes the lease meanwhile, and goes on.
    const next = relay();
    next.start();
    await append(40);
    await published(51);
    const appended = kafka.records().length;
    release();
    await until(() => kafka.records().length > appended);
    await append(20);
    await published(71);
    await paused.stop();
    await next.stop();
    expect(positions().length).toBeGreaterThan(70);
    expect(firstAppearances(positions())).toEqual(upTo(71, 2));
    expect(errors.filter((message) => message.startsWith('the topic does not fit'))).toEqual([]);
  });

  it('of which neither knows of the other, all the time: every event appears first in its place', async () => {
    const { append, relay, heads, published, positions, errors } = await world();
    const both = [relay(), relay()];
    for (const each of both) each.start();
    await until(() => heads().length > 0);
    for (let commit = 0; commit < 100; commit++) {
      await append(3);
      await new Promise(setImmediate);
    }
    await published(301);
    for (const each of both) await each.stop();
    expect(firstAppearances(positions())).toEqual(upTo(301, 2));
    // They notice, and look again where the topic ends instead of writing everything twice.
    expect(errors.some((message) => message.startsWith('another relay'))).toBe(true);
  });
});

describe('a topic that is not what the log wrote', () => {
  it('with records of strangers at its end is gone on with after the last of our own', async () => {
    const { append, relay, started, published, positions, kafka } = await world();
    const first = await started();
    await append(9);
    await published(10);
    await first.stop();
    kafka.inject({ headers: {}, value: Buffer.from('junk') }, headRecord(newSourceKey().sign({ source, position: 500, chain: Buffer.alloc(32), timeMs: 1 })));
    const second = relay();
    second.start();
    await append(1);
    await published(11);
    await second.stop();
    expect(positions()).toEqual(upTo(11, 2));
  });

  it('with records of strangers and nothing else is as good as empty', async () => {
    const { append, relay, heads, published, positions, kafka } = await world();
    await append(4);
    kafka.inject({ headers: {}, value: Buffer.from('junk') }, headRecord(newSourceKey().sign({ source, position: 500, chain: Buffer.alloc(32), timeMs: 1 })));
    const running = relay();
    running.start();
    await until(() => heads().length > 1);
    await append(1);
    await published(6);
    await running.stop();
    expect(positions()).toEqual([6]);
  });

  it.each<[string, number]>([['that was put back from a backup', 3], ['that has another history', 20]])('is left as it is by a log %s', async (_what, length) => {
    const { append, started, published, kafka, key } = await world();
    const first = await started();
    await append(9);
    await published(10);
    await first.stop();
    const before = kafka.records().length;

    // The same service with the same key.
    const other = await world(kafka, key);
    await other.append(length);
    const refusing = other.relay();
    refusing.start();
    await until(() => other.errors.length > 1);
    await refusing.stop();
    expect(other.errors.every((message) => message.startsWith('the topic does not fit the log'))).toBe(true);
    expect(kafka.records()).toHaveLength(before);
  });
});
