import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreFault, type AppendOutcome, type Commit, type EventStore } from '@tillid/eventsourcing';
import { checkSoundLog, commitTo, plain, tcpProxy, type HeldRequests, type TcpProxy } from '@tillid/testing';
import { mongoEventStore, mongoExpiringStore, mongoReadModelStore, mongoVault, openMongo, type AppendMoment, type AppendRetry, type MongoDatabase } from '../src/index.js';
import { firstResult } from './first-result.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';
import { directUrl, primaryOf } from './primary.js';
import { sentBy } from './sent.js';

const engines = await mongoForSpecs();
const plan = { eventLogs: ['log'], vaults: ['vault'], expiringStores: ['sign-ins'] };
const silenceMs = 400;

describe.skipIf(!engines)('on MongoDB over a wire that fails', () => {
  let proxy: TcpProxy;
  let direct: { database: MongoDatabase; remove: () => Promise<void> };
  /** Over the wire that fails. */
  let database: MongoDatabase;
  let store: EventStore;
  /** What another process sees. */
  let witness: EventStore;
  let at: (moment: AppendMoment) => void;
  let retries: AppendRetry[];

  beforeEach(async () => {
    proxy = await tcpProxy(await primaryOf(engines!.mongoUrl));
    direct = await freshDatabase(engines!.mongoUrl, plan);
    database = await openMongo({ url: directUrl({ host: '127.0.0.1', port: proxy.port }), database: direct.database.name, silenceMs });
    at = () => {};
    retries = [];
    store = await mongoEventStore({ database, name: 'log', deadlineMs: 6_000, at: (moment) => at(moment), onRetry: (retry) => void retries.push(retry) });
    witness = await mongoEventStore({ database: direct.database, name: 'log' });
    await store.append(commitTo('before', 0, ['1']));
  });
  afterEach(async () => {
    await checkSoundLog(witness);
    proxy.resume();
    await store.close();
    await database.close();
    await proxy.close();
    await direct.remove();
  });

  /** Does something at the nth moment of a kind from now on. */
  function atMoment(wanted: AppendMoment, nth: number, act: () => void): void {
    let seen = 0;
    at = (moment) => {
      if (moment === wanted && ++seen === nth) act();
    };
  }

  async function expectStoredOnce(commit: Commit, outcome: AppendOutcome): Promise<void> {
    expect(outcome.kind).toBe('appended');
    const found = (await witness.find(commit.commandId))!;
    expect(plain(outcome)).toMatchObject({ firstPosition: found.firstPosition, eventCount: found.eventCount });
    for (const { stream, expectedRevision, events } of commit.writes) expect(await witness.lastRevision(stream)).toBe(expectedRevision + events.length);
    expect(plain(await store.append(commit))).toEqual({ ...plain(outcome), repeated: true });
  }

  it('a commit that is stored while its answer is lost is recognised as this very call\'s', async () => {
    const commits = Array.from({ length: 5 }, (_, index) => commitTo(`s-${index}`, 0, ['1', '2'], { reserve: [`v-${index}`] }));
    atMoment('before_insert', 1, () => {
      proxy.loseAnswers();
      void stored(commits.at(-1)!).then(() => proxy.cut());
    });
    const outcomes = await Promise.all(commits.map((commit) => store.append(commit)));
    expect(retries).toContainEqual({ reason: 'no_answer', commits: 5 });
    expect(outcomes.map(plain)).toEqual(commits.map((_, index) => ({ kind: 'appended', repeated: false, firstPosition: 2 + 2 * index, eventCount: 2, generations: [1] })));
    for (const [index, commit] of commits.entries()) await expectStoredOnce(commit, outcomes[index]!);
  });

  async function stored(commit: Commit): Promise<void> {
    while (!(await witness.find(commit.commandId)));
  }

  it('a commit that lands after the look-up that did not find it is stored once, whoever is first', async () => {
    for (let round = 0; round < 10; round++) {
      const commit = commitTo(`late-${round}`, 0, ['1'], { reserve: [`late-${round}`] });
      let held: HeldRequests;
      let tries = 0;
      at = (moment) => {
        if (moment !== 'before_insert') return;
        tries += 1;
        if (tries === 1) {
          held = proxy.holdRequests();
          void held.has(`late-${round}@`).then(() => held.cutClients());
        }
        // Looked up, not found, about to be sent again: now the first one arrives.
        if (tries === 2) held.deliver();
      };
      await expectStoredOnce(commit, await firstResult(store, commit));
      expect(tries).toBeGreaterThanOrEqual(2);
    }
  });

  it('a commit that lands after others were stored where it should have been is not stored again', async () => {
    const commit = commitTo('a', 0, ['1'], { reserve: ['v'] });
    let held: HeldRequests | undefined;
    atMoment('before_insert', 1, () => {
      held = proxy.holdRequests();
      void held.has('a@').then(async () => {
        for (let index = 0; index < 5; index++) await witness.append(commitTo(`other-${index}`, 0, ['1']));
        held!.cutClients();
      });
    });
    const outcome = await firstResult(store, commit);
    expect(plain(outcome)).toMatchObject({ firstPosition: 7 });
    held!.deliver();
    await store.append(commitTo('after', 0, ['1']));
    await expectStoredOnce(commit, outcome);
  });

  it.each([['in time: the first answer', 150, 6_000], ['too late: StoreFault, and the first answer on retry', 3_000, 1_200]])('a wire that says nothing, and is mended %s', async (_, mendedMs, deadlineMs) => {
    const impatient = await mongoEventStore({ database, name: 'log', deadlineMs, at: (moment) => at(moment) });
    const commits = [commitTo('a', 0, ['1'], { reserve: ['v'] }), commitTo('b', 0, ['1'])];
    atMoment('before_insert', 1, () => proxy.stall());
    const outcomes = Promise.allSettled(commits.map((commit) => impatient.append(commit)));
    const mending = setTimeout(() => proxy.resume(), mendedMs);
    for (const outcome of await outcomes) {
      if (mendedMs < deadlineMs) expect(outcome).toMatchObject({ status: 'fulfilled', value: { kind: 'appended' } });
      else expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreFault) });
    }
    clearTimeout(mending);
    proxy.resume();
    for (const commit of commits) await expectStoredOnce(commit, await firstResult(store, commit));
    await impatient.close();
  });

  it('connections cut again and again lose and double nothing', async () => {
    let moments = 0;
    let cuts = 0;
    at = () => {
      moments += 1;
      if (moments % 3 !== 0 || cuts === 25) return;
      cuts += 1;
      proxy.cut();
    };
    const callers = Array.from({ length: 16 }, async (_, caller) => {
      for (let revision = 0; revision < 8; revision++) {
        const commit = commitTo(`caller-${caller}`, revision, ['x'], { reserve: [`${caller}:${revision}`] });
        expect(await firstResult(store, commit)).toMatchObject({ kind: 'appended' });
      }
    });
    await Promise.all(callers);
    expect(cuts).toBeGreaterThan(3);
    expect((await witness.head()).position).toBe(1 + 16 * 8);
  });

  it('every other store says StoreFault too, and works again', async () => {
    const [vault, expiring, models] = [await mongoVault({ database, name: 'vault' }), await mongoExpiringStore({ database, name: 'sign-ins' }), await mongoReadModelStore({ database })];
    const checkpoint = { position: 1, chain: new Uint8Array(32), key: new Uint8Array(32), headTimeMs: 0 };
    const work = [
      () => vault.put({ id: 'r', ciphertext: Buffer.from('sealed'), putAtMs: 1 }),
      () => vault.get('r'),
      () => expiring.compareAndSet('k', 0, Buffer.from('v'), 100, 0),
      () => expiring.sweep(0),
      () => models.saveCheckpoint('c', 'consent/0', checkpoint),
      () => store.readAll(0, 10),
    ];
    proxy.stall();
    for (const outcome of await Promise.allSettled(work.map((each) => each()))) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreFault) });
    proxy.resume();
    proxy.cut();
    for (const each of work.filter((_, index) => index !== 2)) await each();
  });
});

describe.skipIf(!engines)('what is sent of a commit', () => {
  let fresh: { database: MongoDatabase; remove: () => Promise<void> };
  afterAll(() => fresh.remove());

  it('has no reservations or releases where there are none: an empty list would be a value to their indexes', async () => {
    fresh = await freshDatabase(engines!.mongoUrl, plan, { monitorCommands: true });
    const store = await mongoEventStore({ database: fresh.database, name: 'log' });
    const sent = sentBy(fresh.database);
    await store.append(commitTo('a', 0, ['1', '2']));
    await store.append(commitTo('b', 0, ['1'], { reserve: ['v'] }));
    await store.append(commitTo('c', 0, ['1'], { release: [{ value: 'v', generation: 1 }] }));
    const inserts = sent.filter(({ name }) => name === 'insert').map(({ command }) => command);
    const documents = inserts.flatMap(({ documents }) => documents as object[]);
    const always = ['_id', 'n', 'e', 'chain', 's', 'c', 'f'];
    expect(documents.map((document) => Object.keys(document).sort())).toEqual([always, [...always, 'u'], [...always, 'r']].map((fields) => fields.sort()));
    for (const insert of inserts) expect(insert).toMatchObject({ ordered: true, writeConcern: { w: 'majority', j: true } });
    const reads = sent.filter(({ name }) => name === 'find');
    expect(reads.length).toBeGreaterThan(0);
    for (const { command } of reads) expect(command).toMatchObject({ readConcern: { level: 'majority' } });
    await store.close();
  });
});
