import { randomBytes } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { chained, followSource, ProgressBook, startingPoint, type Checkpoint, type EventStore } from '@tillid/eventsourcing';
import { systemClock } from '@tillid/runtime';
import { startEngines } from '@tillid/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecord } from '../src/index.js';
import { until } from './announced-log.js';
import { away, keeper } from './keeper.js';
import { sourceOnKafka, started } from './real-kafka.js';

const engines = await startEngines({ kafka: true });
afterAll(() => engines?.stop());

async function append(store: EventStore, count: number): Promise<void> {
  for (let added = 0; added < count; added += 50) {
    const events = Array.from({ length: 50 }, () => randomBytes(1000));
    await store.append({ commandId: randomBytes(16), fingerprint: Buffer.alloc(32), writes: [{ stream: `s-${randomBytes(8).toString('hex')}`, expectedRevision: 0, events }] });
    // About as fast as the relay is: it is never idle, and never far behind.
    await pauseFor(1);
  }
}

const kills = 6;
const eventsARound = 8_000;

describe.skipIf(!engines)('a broker that is killed, again and again, while tens of thousands of events pass', () => {
  it('costs time and duplicates: the topic has every event in order of first appearance, and consumers applied each once', async () => {
    const { source, store, key, relay, reader, everyRecord, everything } = await sourceOnKafka(engines!);
    const running = await started(relay());
    const [first] = chained(startingPoint, (await store.readAll(0, 1)).map(({ bytes }) => bytes));
    const from: Checkpoint = { position: 1, chain: first!.chain, key: key.publicKey, headTimeMs: 0 };
    const book = new ProgressBook();
    const keepers = [keeper('one', from), keeper('other', from)];
    const readers = reader();
    const followers = keepers.map(({ consumer }) => followSource({ source, consumer, book, clock: systemClock, reader: away, relay: readers, relayRestMs: 0, retryPauseMs: 20 }));
    for (const follower of followers) follower.start();

    for (let round = 0; round < kills; round++) {
      const { published } = running.lag();
      const appending = append(store, eventsARound);
      // In the middle of a backlog, so while something is being sent.
      await until(() => running.lag().published > published + eventsARound * Math.random() * 0.7);
      await engines!.kill('kafka');
      await appending;
      await engines!.start('kafka');
    }
    const { position } = await store.head();
    for (const name of ['one', 'other']) expect(await book.waitFor(name, source, position, AbortSignal.timeout(90_000))).toBe(true);
    for (const follower of followers) await follower.stop();
    await running.stop();
    readers.close();

    const written = await everything();
    const seen = new Set<number>();
    for (const record of await everyRecord()) {
      const read = readRecord(record);
      if (read?.kind !== 'event') continue;
      // Dense, by first appearance: whatever is not the next one was there before, and is the same.
      if (!seen.has(read.position)) expect(read.position).toBe(seen.size + 2);
      expect(read.bytes.toString('hex')).toBe(written[read.position - 1]);
      seen.add(read.position);
    }
    expect(seen.size).toBe(position - 1);
    for (const { bytes } of keepers) expect(bytes()).toEqual(written.slice(1));
    expect(book.list().map(({ gaps }) => gaps)).toEqual([0, 0]);
  });
});

describe.skipIf(!engines)('a broker that is away', () => {
  it('keeps neither a relay nor a reader from stopping, whatever they wait for', async () => {
    const { source, append, relay, reader } = await sourceOnKafka(engines!);
    const sending = await started(relay());
    const waiting = await started(relay());
    const readers = reader();
    const stopping = new AbortController();
    const batches = readers.subscribe(source, 1, stopping.signal)[Symbol.asyncIterator]();
    await batches.next();
    await engines!.kill('kafka');
    await append(10);
    const next = batches.next();
    const late = readers.subscribe(source, 1, stopping.signal)[Symbol.asyncIterator]().next();
    stopping.abort();
    // What was sent before may still come out; a subscription that had nothing ends.
    await next;
    expect((await late).done).toBe(true);
    await Promise.all([sending.stop(), waiting.stop()]);
    readers.close();
    await engines!.start('kafka');
  });
});
