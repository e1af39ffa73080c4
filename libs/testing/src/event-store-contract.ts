import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits, lostFingerprint, MalformedCommit, StoreFault, type EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commandIdOf, commitOf, commitTo, plain, readEverything } from './commits.js';
import { eventStoreModelTest } from './event-store-model.js';
import type { Made, Make, Shared } from './made.js';
import { reservationContract } from './reservation-contract.js';

export interface EventStoreContractOptions {
  readonly shared: Shared<EventStore>;
  /** A store whose queue holds at most four commits, for adapters that queue. */
  readonly withShortQueue?: Make<EventStore>;
}

/** What any EventStore must do. Every test ends by checking the whole log. */
export function eventStoreContract(name: string, make: Make<EventStore>, { shared, withShortQueue }: EventStoreContractOptions): void {
  describe(`${name}: an event store`, () => {
    let made: Made<EventStore>;
    let store: EventStore;
    beforeEach(async () => {
      made = await make();
      store = made.store;
    });
    afterEach(async () => {
      await checkSoundLog(store);
      await made.remove();
    });

    describe('that is empty', () => {
      it('has a head of 0 and the empty chain', async () => {
        expect(await store.head()).toEqual({ position: 0, chain: new Uint8Array(32) });
      });
      it('knows no stream, no command and no event', async () => {
        expect(await store.lastRevision('consent-1')).toBe(0);
        expect(await store.find(commandIdOf('any'))).toBeUndefined();
        expect(await store.readStream('consent-1')).toEqual([]);
        expect(await store.readAll(0, 10)).toEqual([]);
      });
    });

    describe('asked what it holds', () => {
      it('gives a stream back in order, with revisions, positions and the very bytes', async () => {
        await store.append(commitTo('consent-1', 0, ['asked']));
        await store.append(commitTo('consent-2', 0, ['other']));
        await store.append(commitTo('consent-1', 1, ['granted', 'used']));
        const events = await store.readStream('consent-1');
        expect(events.map(({ revision, position, bytes }) => [revision, position, Buffer.from(bytes).toString()])).toEqual([
          [1, 1, 'asked'], [2, 3, 'granted'], [3, 4, 'used'],
        ]);
        expect((await store.readStream('consent-1', 1, 1)).map((event) => event.revision)).toEqual([2]);
        expect(await store.lastRevision('consent-1')).toBe(3);
      });
      it('pages from any position, also inside a commit', async () => {
        await store.append(commitTo('a', 0, ['1', '2', '3']));
        await store.append(commitTo('b', 0, ['4', '5']));
        expect((await store.readAll(1, 3)).map((event) => Buffer.from(event.bytes).toString())).toEqual(['2', '3', '4']);
        expect((await store.readAll(4, 10)).map((event) => event.position)).toEqual([5]);
        expect(await store.readAll(5, 10)).toEqual([]);
        expect(await readEverything(store, 2)).toHaveLength(5);
      });
      it('gives at most 8 MiB a page', async () => {
        const half = 'x'.repeat(limits.maxEventBytes);
        for (let stream = 0; stream < 3; stream++) await store.append(commitTo(`big-${stream}`, 0, Array.from({ length: 60 }, () => half)));
        const page = await store.readAll(0, 1_000);
        expect(page.length).toBe(Math.floor(limits.maxCommitBytes / limits.maxEventBytes));
        expect(await readEverything(store)).toHaveLength(180);
      });
      it('does not change when the writer reuses its buffers', async () => {
        const event = Buffer.from('granted');
        await store.append({ ...commitTo('consent-1', 0, ['x']), writes: [{ stream: 'consent-1', expectedRevision: 0, events: [event] }] });
        event.fill(0);
        expect(Buffer.from((await store.readAll(0, 1))[0]!.bytes).toString()).toBe('granted');
      });
      it('says when there is more to look at, until told to stop', async () => {
        let calls = 0;
        const stop = store.onAppended(() => (calls += 1));
        await store.append(commitTo('a', 0, ['1']));
        await expect.poll(() => calls).toBe(1);
        stop();
        await store.append(commitTo('a', 1, ['2']));
        await store.head();
        expect(calls).toBe(1);
      });
    });

    describe('told what revision the writer knows', () => {
      beforeEach(async () => {
        await store.append(commitTo('consent-1', 0, ['1', '2', '3']));
      });
      it.each([[0, 'behind'], [1, 'inside the last commit'], [2, 'inside the last commit'], [4, 'beyond the end']])('refuses %i: %s', async (expectedRevision) => {
        expect(await store.append(commitTo('consent-1', expectedRevision, ['x']))).toEqual({ kind: 'conflict', stream: 'consent-1', actualRevision: 3 });
      });
      it('takes the end', async () => {
        expect(plain(await store.append(commitTo('consent-1', 3, ['4'])))).toMatchObject({ kind: 'appended', firstPosition: 4 });
      });
      it('refuses a new stream that is thought to exist', async () => {
        expect(await store.append(commitTo('consent-2', 1, ['x']))).toEqual({ kind: 'conflict', stream: 'consent-2', actualRevision: 0 });
      });
      it('writes several streams or none', async () => {
        const stale = commitOf([{ stream: 'new', expectedRevision: 0, events: ['a'] }, { stream: 'consent-1', expectedRevision: 2, events: ['b'] }]);
        expect(await store.append(stale)).toEqual({ kind: 'conflict', stream: 'consent-1', actualRevision: 3 });
        expect(await store.lastRevision('new')).toBe(0);
        const right = commitOf([{ stream: 'new', expectedRevision: 0, events: ['a'] }, { stream: 'consent-1', expectedRevision: 3, events: ['b', 'c'] }]);
        expect(plain(await store.append(right))).toMatchObject({ firstPosition: 4, eventCount: 3 });
        expect((await store.readAll(3, 10)).map((event) => Buffer.from(event.bytes).toString())).toEqual(['a', 'b', 'c']);
      });
    });

    describe('given the same command again', () => {
      it('answers with the first result, also when the stream has moved on since', async () => {
        const first = await store.append(commitTo('a', 0, ['1'], { command: 'grant', reserve: ['name:x'] }));
        await store.append(commitTo('a', 1, ['2']));
        const again = await store.append(commitTo('a', 0, ['1'], { command: 'grant', reserve: ['name:x'] }));
        expect(plain(again)).toEqual({ ...plain(first), repeated: true });
        expect(await readEverything(store)).toHaveLength(2);
      });
      it('refuses it with another request', async () => {
        await store.append(commitTo('a', 0, ['1'], { command: 'grant' }));
        expect(await store.append(commitTo('a', 1, ['2'], { command: 'grant', fingerprint: 'another' }))).toEqual({ kind: 'reused' });
        expect(await store.append(commitTo('b', 0, ['2'], { command: 'grant', fingerprint: 'another' }))).toEqual({ kind: 'reused' });
      });
      it('answers any request under it with the first result, when it came back from the ledger without its fingerprint', async () => {
        await store.append({ ...commitTo('a', 0, ['1'], { command: 'restored' }), fingerprint: lostFingerprint });
        expect(await store.append(commitTo('a', 0, ['2'], { command: 'restored' }))).toMatchObject({ kind: 'appended', repeated: true, commit: { firstPosition: 1 } });
        expect(await store.append(commitTo('b', 0, ['2'], { command: 'restored', fingerprint: 'another' }))).toMatchObject({ kind: 'appended', repeated: true, commit: { firstPosition: 1 } });
      });
      it('finds it, and only when it was stored', async () => {
        await store.append(commitTo('a', 0, ['1', '2'], { command: 'stored', reserve: ['v'] }));
        await store.append(commitTo('a', 0, ['x'], { command: 'refused' }));
        expect(await store.find(commandIdOf('stored'))).toMatchObject({ firstPosition: 1, eventCount: 2, generations: [1] });
        expect(await store.find(commandIdOf('refused'))).toBeUndefined();
      });
      it('lets a command that was refused try again', async () => {
        await store.append(commitTo('a', 0, ['1']));
        await store.append(commitTo('a', 0, ['2'], { command: 'late' }));
        expect(plain(await store.append(commitTo('a', 1, ['2'], { command: 'late' })))).toMatchObject({ kind: 'appended', repeated: false });
      });
    });

    describe('given many commits at once', () => {
      it('gives 64 racing writers dense positions, and no reader ever sees a later event before an earlier one', async () => {
        const reader = readInOrder(store, 1_280);
        const positions = await Promise.all(Array.from({ length: 64 }, async (_, writer) => {
          const mine: number[] = [];
          for (let revision = 0; revision < 20; revision++) {
            const outcome = await store.append(commitTo(`writer-${writer}`, revision, ['an event']));
            if (outcome.kind === 'appended') mine.push(outcome.commit.firstPosition);
          }
          return mine;
        }));
        await reader;
        expect(positions.flat().sort((left, right) => left - right)).toEqual(Array.from({ length: 1_280 }, (_, index) => index + 1));
      });
      it('lets one of 64 writers to the same revision win', async () => {
        const outcomes = await Promise.all(Array.from({ length: 64 }, () => store.append(commitTo('hot', 0, ['x', 'y']))));
        expect(outcomes.filter((outcome) => outcome.kind === 'appended')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome.kind === 'conflict' && outcome.actualRevision === 2)).toHaveLength(63);
      });
      it('stores a command sent twice at once only once', async () => {
        const send = () => store.append(commitTo('a', 0, ['1'], { command: 'grant' }));
        const outcomes = (await Promise.all([send(), send(), send()])).map(plain);
        expect(outcomes.filter((outcome) => 'repeated' in outcome && !outcome.repeated)).toHaveLength(1);
        expect(new Set(outcomes.map((outcome) => 'firstPosition' in outcome && outcome.firstPosition))).toEqual(new Set([1]));
        const other = await Promise.all([
          store.append(commitTo('b', 0, ['1'], { command: 'both' })),
          store.append(commitTo('c', 0, ['1'], { command: 'both', fingerprint: 'another' })),
        ]);
        expect(other.map((outcome) => outcome.kind).sort()).toEqual(['appended', 'reused']);
      });
      it('checks a commit again whose predecessor fails', async () => {
        await store.append(commitTo('a', 0, ['1']));
        const [stale, countedOnIt, onItsOwn, afterThat] = await Promise.all([
          store.append(commitOf([{ stream: 'a', expectedRevision: 0, events: ['x'] }, { stream: 'b', expectedRevision: 0, events: ['x'] }])),
          store.append(commitTo('b', 1, ['counted on the one before'])),
          store.append(commitTo('c', 0, ['on its own'])),
          store.append(commitTo('c', 1, ['counted on its predecessor, rightly'])),
        ]);
        expect(stale).toMatchObject({ kind: 'conflict', stream: 'a', actualRevision: 1 });
        expect(countedOnIt).toEqual({ kind: 'conflict', stream: 'b', actualRevision: 0 });
        expect([onItsOwn, afterThat].map((outcome) => outcome!.kind)).toEqual(['appended', 'appended']);
      });
    });

    describe('given what it may not take', () => {
      const event = Buffer.from('e');
      it.each([
        ['a stream twice', commitOf([{ stream: 'a', expectedRevision: 0, events: ['1'] }, { stream: 'a', expectedRevision: 1, events: ['2'] }])],
        ['a reservation twice', commitTo('a', 0, ['1'], { reserve: ['v', 'v'] })],
        ['a value reserved and released', commitTo('a', 0, ['1'], { reserve: ['v'], release: [{ value: 'v', generation: 1 }] })],
        ['a stream name with @', commitTo('a@1', 0, ['1'])],
        ['a stream name with #', commitTo('a#1', 0, ['1'])],
        ['a value with @', commitTo('a', 0, ['1'], { reserve: ['v@1'] })],
        ['a value with #', commitTo('a', 0, ['1'], { release: [{ value: 'v#1', generation: 1 }] })],
        ['two names that are one as bytes', commitOf(['a\ud800', 'a\udbff'].map((stream) => ({ stream, expectedRevision: 0, events: ['1'] })))],
        ['an empty stream name', commitTo('', 0, ['1'])],
        ['a stream name of 201 characters', commitTo('x'.repeat(201), 0, ['1'])],
        ['no writes', commitOf([])],
        ['a write without events', commitTo('a', 0, [])],
        ['a negative revision', commitTo('a', -1, ['1'])],
        ['half a revision', commitTo('a', 0.5, ['1'])],
        ['a short command id', { ...commitTo('a', 0, ['1']), commandId: event }],
        ['a short fingerprint', { ...commitTo('a', 0, ['1']), fingerprint: event }],
      ])('throws on %s, and stores nothing', async (_, commit) => {
        await expect(store.append(commit)).rejects.toThrow(MalformedCommit);
        expect((await store.head()).position).toBe(0);
      });
      it('answers too_large to an event over 60 KiB and to a commit over 8 MiB', async () => {
        const largest = 'x'.repeat(limits.maxEventBytes);
        expect(await store.append(commitTo('a', 0, [`${largest}x`]))).toEqual({ kind: 'too_large' });
        expect(await store.append(commitTo('a', 0, Array.from({ length: 137 }, () => largest)))).toEqual({ kind: 'too_large' });
        expect(plain(await store.append(commitTo('a', 0, Array.from({ length: 136 }, () => largest))))).toMatchObject({ eventCount: 136 });
      });
      it('takes a name of 200 characters and of other alphabets', async () => {
        for (const stream of ['x'.repeat(200), 'ær-ø-å', '証-1']) expect((await store.append(commitTo(stream, 0, ['1']))).kind).toBe('appended');
      });
    });

    if (withShortQueue) {
      describe('whose queue is full', () => {
        it('says so with a time to wait, and takes commits again when it has drained', async () => {
          const short = await withShortQueue();
          const outcomes = await Promise.all(Array.from({ length: 10 }, (_, stream) => short.store.append(commitTo(`s-${stream}`, 0, ['1']))));
          expect(outcomes.filter((outcome) => outcome.kind === 'appended')).toHaveLength(4);
          const refused = outcomes.filter((outcome) => outcome.kind === 'full');
          expect(refused).toHaveLength(6);
          expect(refused.every((outcome) => outcome.kind === 'full' && outcome.retryAfterMs > 0)).toBe(true);
          expect((await short.store.append(commitTo('s-9', 0, ['1']))).kind).toBe('appended');
          expect(await checkSoundLog(short.store)).toHaveLength(5);
          await short.remove();
        });
      });
    }

    if (shared !== 'one connection only') {
      it('shares its log with another connection: neither counts on what it remembers, and readers of both see every position in order', async () => {
        const one = await shared();
        const both = [one.store, await one.another()];
        const writing = both.map(async (writer, which) => {
          for (let count = 0; count < 50; count++) {
            // Both fold the same stream and race for its next revision; the one that comes second reads again.
            for (let stored = false; !stored; ) {
              const revision = await writer.lastRevision('shared');
              stored = (await writer.append(commitTo('shared', revision, [`${which}`]))).kind === 'appended';
            }
          }
        });
        await Promise.all([...writing, ...both.map((reader) => readInOrder(reader, 100))]);
        expect(await one.store.lastRevision('shared')).toBe(100);
        expect(await both[1]!.head()).toEqual(await one.store.head());
        for (const store of both) await checkSoundLog(store);
        await both[1]!.close();
        await one.remove();
      });
    }

    reservationContract(() => store);
    eventStoreModelTest(make);
  });

  describe(`${name}: an event store that closes`, () => {
    it('finishes what it took and refuses what comes later', async () => {
      const { store, remove } = await make();
      const queued = Array.from({ length: 20 }, (_, stream) => store.append(commitTo(`s-${stream}`, 0, ['1'])));
      const closed = store.close();
      await expect(store.append(commitTo('late', 0, ['1']))).rejects.toThrow(StoreFault);
      expect((await Promise.all(queued)).every((outcome) => outcome.kind === 'appended')).toBe(true);
      await closed;
      await remove();
    });
  });
}

/** Reads while others write, until it has seen so many events; a later one seen before an earlier one fails the test. */
async function readInOrder(store: EventStore, total: number): Promise<void> {
  for (let seen = 0; seen < total; ) {
    for (const event of await store.readAll(seen, 100)) expect(event.position).toBe(++seen);
    await new Promise(setImmediate);
  }
}
