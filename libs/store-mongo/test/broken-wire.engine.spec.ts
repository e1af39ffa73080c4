import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreFault, type EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commandIdOf, commitTo, plain, tcpProxy, type TcpProxy } from '@tillid/testing';
import { migrate, mongoEventStore, openMongo, type AppendRetry, type MongoDatabase, type MongoEventStoreOptions } from '../src/index.js';
import { mongoForSpecs } from './on-mongo.js';

const engines = await mongoForSpecs();

/** A store at the other end of a wire that breaks, and one that sees what is really stored. */
describe.skipIf(!engines)('a log on MongoDB, over a wire that breaks', () => {
  let proxy: TcpProxy;
  let near: MongoDatabase;
  let far: MongoDatabase;
  let store: EventStore;
  let truth: EventStore;
  const retries: AppendRetry[] = [];

  const open = (options: Partial<MongoEventStoreOptions> = {}) => mongoEventStore({ database: far, name: 'log', onRetry: (retry) => retries.push(retry), ...options });
  beforeEach(async () => {
    const address = new URL(engines!.mongoUrl);
    const database = `tillid-spec-${randomUUID().slice(0, 13)}`;
    proxy = await tcpProxy({ host: address.hostname, port: Number(address.port) });
    near = await openMongo({ url: engines!.mongoUrl, database });
    await migrate(near, { eventLogs: ['log'] });
    address.host = `127.0.0.1:${proxy.port}`;
    far = await openMongo({ url: `${address}`, database, silenceMs: 800 });
    truth = await mongoEventStore({ database: near, name: 'log' });
    store = await open();
    retries.length = 0;
  });
  afterEach(async () => {
    await checkSoundLog(truth);
    await far.close();
    await proxy.close();
    await near.connection.dropDatabase();
    await near.close();
  });
  const stored = async () => (await checkSoundLog(truth)).map(({ bytes }) => Buffer.from(bytes).toString());

  describe('whose answer is lost after the write', () => {
    it('answers with what it stored, as stored by this call, and nothing twice', async () => {
      const lost = proxy.loseReplyTo('insert');
      const outcomes = await Promise.all([store.append(commitTo('a', 0, ['1'], { reserve: ['v'] })), store.append(commitTo('b', 0, ['2'])), store.append(commitTo('a', 1, ['3']))]);
      await lost;
      expect(outcomes.map(plain)).toEqual([1, 2, 3].map((firstPosition) => ({ kind: 'appended', repeated: false, firstPosition, eventCount: 1, generations: firstPosition === 1 ? [1] : [] })));
      expect(await stored()).toEqual(['1', '2', '3']);
      expect(retries).toEqual([{ reason: 'no_answer', commits: 3 }]);
    });
    it('gives a commit that was refused in between its own answer', async () => {
      await truth.append(commitTo('a', 0, ['0'], { command: 'known' }));
      const lost = proxy.loseReplyTo('insert');
      const outcomes = await Promise.all([
        store.append(commitTo('b', 0, ['1'])),
        store.append(commitTo('a', 0, ['stale'])),
        store.append(commitTo('c', 0, ['0'], { command: 'known' })),
        store.append(commitTo('b', 1, ['2'])),
      ]);
      await lost;
      expect(outcomes.map(plain)).toMatchObject([
        { firstPosition: 2, repeated: false },
        { kind: 'conflict', stream: 'a', actualRevision: 1 },
        { firstPosition: 1, repeated: true },
        { firstPosition: 3, repeated: false },
      ]);
      expect(await stored()).toEqual(['0', '1', '2']);
    });
    it('takes its place behind what others wrote meanwhile', async () => {
      const held = proxy.hold('insert');
      const appending = store.append(commitTo('a', 0, ['mine']));
      const request = await held;
      await truth.append(commitTo('b', 0, ['first']));
      const lost = proxy.loseReplyTo('insert');
      request.pass();
      expect(plain(await appending)).toMatchObject({ firstPosition: 2, repeated: false });
      await lost;
      expect(await stored()).toEqual(['first', 'mine']);
      expect(retries.map(({ reason }) => reason)).toEqual(['position_taken', 'no_answer']);
    });
  });

  describe('whose write comes late', () => {
    it('between the look-up that does not find it and the second try: is stored once, and by this call', async () => {
      const late = proxy.hold('insert');
      const appending = store.append(commitTo('a', 0, ['1', '2'], { reserve: ['v'] }));
      const first = await late;
      const again = proxy.hold('insert');
      first.cut();
      const second = await again;
      expect((await truth.head()).position).toBe(0);
      await first.deliver();
      expect((await truth.head()).position).toBe(2);
      second.pass();
      expect(plain(await appending)).toEqual({ kind: 'appended', repeated: false, firstPosition: 1, eventCount: 2, generations: [1] });
      expect(await stored()).toEqual(['1', '2']);
    });
    it('after the second try, and after others went on: changes nothing', async () => {
      const late = proxy.hold('insert');
      const appending = Promise.all([store.append(commitTo('a', 0, ['1'])), store.append(commitTo('b', 0, ['2', '3']))]);
      const request = await late;
      request.cut();
      expect((await appending).map(plain)).toMatchObject([{ firstPosition: 1, repeated: false }, { firstPosition: 2, repeated: false }]);
      await truth.append(commitTo('a', 1, ['4']));
      await request.deliver();
      expect(await stored()).toEqual(['1', '2', '3', '4']);
    });
    it('after another took its place and its revision: changes nothing, and the writer is told who was first', async () => {
      const late = proxy.hold('insert');
      const appending = store.append(commitTo('a', 0, ['mine']));
      const request = await late;
      await truth.append(commitTo('a', 0, ['first']));
      request.cut();
      expect(await appending).toEqual({ kind: 'conflict', stream: 'a', actualRevision: 1 });
      await request.deliver();
      expect(await stored()).toEqual(['first']);
    });
    it('after it was given up: is the first result of whoever asks again with the same key', async () => {
      const impatient = await open({ deadlineMs: 1 });
      const late = proxy.hold('insert');
      const commit = commitTo('a', 0, ['1'], { command: 'grant' });
      const appending = impatient.append(commit);
      const request = await late;
      request.cut();
      await expect(appending).rejects.toBeInstanceOf(StoreFault);
      expect(await stored()).toEqual([]);
      await request.deliver();
      expect(plain(await store.append(commit))).toMatchObject({ firstPosition: 1, repeated: true });
      expect(await stored()).toEqual(['1']);
    });
  });

  describe('that stalls', () => {
    it('says within its deadline that it does not know, and goes on by itself when the wire does', async () => {
      const impatient = await open({ deadlineMs: 1_500, at: (moment) => moment === 'before_insert' && proxy.stall() });
      const commit = commitTo('a', 0, ['1'], { command: 'grant' });
      await expect(impatient.append(commit)).rejects.toBeInstanceOf(StoreFault);
      proxy.resume();
      const outcomes = await Promise.all([store.append(commit), store.append(commitTo('b', 0, ['2']))]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['appended', 'appended']);
      expect((await stored()).sort()).toEqual(['1', '2']);
    });
    it('says full to a commit that was never sent, for it is certain that nothing was stored', async () => {
      const impatient = await open({ deadlineMs: 1_000 });
      proxy.stall();
      expect(await impatient.append(commitTo('a', 1, ['1']))).toMatchObject({ kind: 'full' });
      proxy.resume();
      expect(await stored()).toEqual([]);
    });
    it('ends reads as faults, instead of waiting for ever', async () => {
      proxy.stall();
      const reads = await Promise.allSettled([store.head(), store.readAll(0, 10), store.readStream('a'), store.find(commandIdOf('any')), store.lastRevision('a'), store.chainAt!(1)]);
      expect(reads.map((read) => read.status === 'rejected' && read.reason instanceof StoreFault)).toEqual(reads.map(() => true));
      proxy.resume();
    });
  });

  it('that is cut again and again under 16 writers: everything acknowledged is there, once, and nothing else', async () => {
    let cutting = true;
    const cutter = (async () => {
      for (let cuts = 0; cutting && cuts < 40; cuts++) {
        await proxy.loseReplyTo('insert');
        if (cuts % 3 === 0) proxy.cut();
      }
    })();
    const positions = await Promise.all(Array.from({ length: 16 }, async (_, writer) => {
      const mine = [];
      for (let revision = 0; revision < 15; revision++) {
        const outcome = await store.append(commitTo(`writer-${writer}`, revision, [`${writer}:${revision}`]));
        if (outcome.kind !== 'appended') throw new Error(`${writer}:${revision} ${JSON.stringify(outcome)}`);
        mine.push(outcome.commit.firstPosition);
      }
      return mine;
    }));
    cutting = false;
    // The cutter waits for one more insert.
    await store.append(commitTo('last', 0, ['last']));
    await cutter;
    const events = await stored();
    positions.forEach((mine, writer) => mine.forEach((position, revision) => expect(events[position - 1]).toBe(`${writer}:${revision}`)));
    expect(events).toHaveLength(16 * 15 + 1);
  });
});
