import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chained, followSource, ProgressBook, startingPoint, takeIn, verifySignedHead, type Checkpoint, type Consumer, type EventStore, type FeedBatch, type SourceEvent, type SourceReader, type Standing, type Transport } from '@tillid/eventsourcing';
import { systemClock } from '@tillid/runtime';

/** A log, and one way to read it from outside. */
export interface FeedUnderTest {
  readonly source: string;
  /** What is fed. */
  readonly store: EventStore;
  readonly reader: SourceReader;
  readonly transport: Transport;
  /** The source's own, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The feed has every event after this position: a relay begins where it was first started. */
  readonly begins: number;
  /** Bytes of events that were taken from the log, or the broker, for readers. */
  readonly taken: () => number;
  /** Gives the other end every chance to run ahead of its readers. */
  readonly settle: () => Promise<void>;
  /** The other end goes away, whatever it has in hand, and comes back. */
  readonly interrupt: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Held for a reader at most, whether it asks or not: a page of the log, and what sockets hold. */
const aheadBytesMax = 9 * 1024 * 1024;
const bigEventBytes = 50_000;
const mebibyte = 1024 * 1024;

/** What a feed promises its readers, whichever way it goes. */
export function feedContract(name: string, make: () => Promise<FeedUnderTest>): void {
  describe(`${name}: a feed`, () => {
    let feed: FeedUnderTest;
    const stopping: AbortController[] = [];
    beforeEach(async () => {
      feed = await make();
    });
    afterEach(async () => {
      for (const each of stopping.splice(0)) each.abort();
      await feed.remove();
    });

    let streams = 0;
    async function append(count: number, bytes = 500): Promise<void> {
      for (let added = 0; added < count; added += 100) {
        const events = Array.from({ length: Math.min(100, count - added) }, () => Buffer.concat([randomBytes(16), Buffer.alloc(bytes - 16, 7)]));
        const outcome = await feed.store.append({ commandId: randomBytes(16), fingerprint: Buffer.alloc(32), writes: [{ stream: `fed-${++streams}`, expectedRevision: 0, events }] });
        expect(outcome.kind).toBe('appended');
      }
    }
    function subscribe(after: number): { readonly batches: AsyncIterator<FeedBatch>; readonly stop: AbortController } {
      const stop = new AbortController();
      stopping.push(stop);
      return { batches: feed.reader.subscribe(feed.source, after, stop.signal)[Symbol.asyncIterator](), stop };
    }
    async function written(): Promise<readonly SourceEvent[]> {
      const events: Uint8Array[] = [];
      for (;;) {
        const page = await feed.store.readAll(events.length, 1000);
        if (page.length === 0) return chained(startingPoint, events);
        events.push(...page.map(({ bytes }) => bytes));
      }
    }
    /** As a consumer has it that applied everything up to a position. */
    async function checkpointAt(position: number): Promise<Checkpoint> {
      const chain = position === 0 ? startingPoint.chain : (await written())[position - 1]!.chain;
      return { position, chain, key: feed.publicKey, headTimeMs: 0 };
    }
    /** Reads until a verified head covers the position. By the rules of every consumer; a gap or a park fails the test. */
    async function follow(batches: AsyncIterator<FeedBatch>, from: Checkpoint, upTo: number): Promise<SourceEvent[]> {
      const applied: SourceEvent[] = [];
      let standing: Standing = { checkpoint: from, pending: [] };
      while (standing.checkpoint.position < upTo) {
        const { done, value } = await batches.next();
        if (done === true) throw new Error('the feed ended');
        const verdict = takeIn(feed.source, standing, value, feed.transport);
        if (verdict.kind !== 'apply' && verdict.kind !== 'wait') throw new Error(`${verdict.kind} after ${standing.checkpoint.position}: ${JSON.stringify({ first: value.firstPosition, events: value.events.length, head: value.head?.position })}`);
        if (verdict.kind === 'apply') applied.push(...verdict.events);
        standing = verdict.standing;
      }
      return applied;
    }
    const plain = (events: readonly { readonly position: number; readonly bytes: Uint8Array }[]) => events.map(({ position, bytes }) => `${position} ${Buffer.from(bytes).toString('base64')}`);

    it('brings everything after any position, dense and in order, the very bytes, under heads the source signed', async () => {
      await append(2_345);
      const events = await written();
      for (const after of [feed.begins, feed.begins + 1, feed.begins + 1_000, feed.begins + 2_344]) {
        const { batches, stop } = subscribe(after);
        expect(plain(await follow(batches, await checkpointAt(after), events.length))).toEqual(plain(events.slice(after)));
        stop.abort();
      }
    });

    it('sends at most a mebibyte at once', async () => {
      await append(150, bigEventBytes);
      const { batches } = subscribe(feed.begins);
      for (let position = feed.begins; position < feed.begins + 150; ) {
        const { events } = (await batches.next()).value as FeedBatch;
        expect(events.reduce((sum, event) => sum + event.length, 0)).toBeLessThanOrEqual(mebibyte);
        position += events.length;
      }
    });

    it('says every second where the source stands, though nothing happens', async () => {
      await append(3);
      const { position } = await feed.store.head();
      const { batches } = subscribe(position);
      const heads = [];
      while (heads.length < 3) {
        const { head, events } = (await batches.next()).value as FeedBatch;
        expect(events).toEqual([]);
        heads.push(head!);
      }
      expect(heads.map((head) => [head.source, head.position, verifySignedHead(head, feed.publicKey)])).toEqual(heads.map(() => [feed.source, position, true]));
      expect(heads[1]!.timeMs).toBeGreaterThan(heads[0]!.timeMs);
      expect(heads[2]!.timeMs).toBeGreaterThan(heads[1]!.timeMs);
    });

    it('brings what happens while it is read', async () => {
      const from = await feed.store.head();
      const { batches } = subscribe(from.position);
      await batches.next();
      for (let round = 1; round <= 5; round++) {
        await append(3);
        const checkpoint = await checkpointAt(from.position + 3 * (round - 1));
        expect(await follow(batches, checkpoint, from.position + 3 * round)).toHaveLength(3);
      }
    });

    it('is held back by a slow handler: what it has not asked for is not even taken', async () => {
      await append(600, bigEventBytes);
      const { batches } = subscribe(feed.begins);
      const before = feed.taken();
      await batches.next();
      await feed.settle();
      // Of the thirty mebibytes there are.
      expect(feed.taken() - before).toBeLessThan(aheadBytesMax);
    });

    it('serves two subscribers alike, and neither waits for the other', async () => {
      await append(300, bigEventBytes);
      const events = await written();
      const slow = subscribe(feed.begins);
      const first = (await slow.batches.next()).value as FeedBatch;
      const quick = subscribe(feed.begins);
      expect(plain(await follow(quick.batches, await checkpointAt(feed.begins), events.length))).toEqual(plain(events.slice(feed.begins)));
      const got = first.events.length;
      const rest = await follow(slow.batches, await checkpointAt(feed.begins + got), events.length);
      expect(plain(rest)).toEqual(plain(events.slice(feed.begins + got)));
    });

    it('is gone on with where one stands when the other end went away and came back', async () => {
      await append(500);
      const taken: Uint8Array[] = [];
      const book = new ProgressBook();
      let checkpoint = await checkpointAt(feed.begins);
      const keeper: Consumer = {
        name: 'keeper',
        standing: () => Promise.resolve(checkpoint),
        apply(_source, events, next) {
          taken.push(...events.map(({ bytes }) => bytes));
          checkpoint = next;
          return Promise.resolve({ unknownTypes: 0 });
        },
      };
      const follower = followSource({ source: feed.source, consumer: keeper, reader: feed.reader, book, clock: systemClock, retryPauseMs: 50 });
      follower.start();
      for (let round = 0; round < 2; round++) {
        const { position } = await feed.store.head();
        expect(await book.waitFor('keeper', feed.source, position, AbortSignal.timeout(60_000))).toBe(true);
        await Promise.all([feed.interrupt(), append(500)]);
      }
      const { position } = await feed.store.head();
      expect(await book.waitFor('keeper', feed.source, position, AbortSignal.timeout(60_000))).toBe(true);
      await follower.stop();
      expect(follower.progress()[0]).toMatchObject({ parked: false, gaps: 0 });
      expect(taken.map((bytes) => Buffer.from(bytes).toString('base64'))).toEqual((await written()).slice(feed.begins).map(({ bytes }) => Buffer.from(bytes).toString('base64')));
    });

    it('gives a reader that knows more than the source nothing, and fails it', async () => {
      await append(3);
      const { position } = await feed.store.head();
      const { batches } = subscribe(position + 5);
      await expect(batches.next()).rejects.toThrow();
    });

    it('ends when told to: before it began, while it waits, and in the middle', async () => {
      await append(60, bigEventBytes);
      const { position } = await feed.store.head();
      const never = feed.reader.subscribe(feed.source, feed.begins, AbortSignal.abort())[Symbol.asyncIterator]();
      expect((await never.next()).done).toBe(true);

      const middle = subscribe(feed.begins);
      await middle.batches.next();
      middle.stop.abort();
      await drained(middle.batches);

      const idle = subscribe(position);
      await idle.batches.next();
      const waiting = drained(idle.batches);
      idle.stop.abort();
      await waiting;
    });
  });
}

/** What was underway may still come; then it is over. */
async function drained(batches: AsyncIterator<FeedBatch>): Promise<void> {
  for (let next = await batches.next(); next.done !== true; next = await batches.next());
}
