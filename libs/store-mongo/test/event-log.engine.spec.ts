import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits, StoreFault, type EventStore } from '@tillid/eventsourcing';
import { commitOf, commitTo, eventStoreContract, plain } from '@tillid/testing';
import { mongoEventStore, type MongoDatabase } from '../src/index.js';
import { freshDatabase, mongoForSpecs, storeOn } from './on-mongo.js';

const engines = await mongoForSpecs();
const logs = { eventLogs: ['log'] };

interface RefusedInsert {
  readonly writeErrors?: { err: { errmsg: string; keyPattern?: object } }[];
}

/** The server's word on what refused an insert, said in another way. */
function rewording(database: MongoDatabase, reword: (error: { errmsg: string; keyPattern?: object }) => void): void {
  const model = database.connection.models['log']!;
  const insertMany = model.insertMany.bind(model) as (...given: unknown[]) => Promise<unknown>;
  model.insertMany = (async (...given: unknown[]) => {
    try {
      return await insertMany(...given);
    } catch (error) {
      for (const { err } of (error as RefusedInsert).writeErrors ?? []) reword(err);
      throw error;
    }
  }) as never;
}

describe.skipIf(!engines)('a log on MongoDB', () => {
  const url = engines?.mongoUrl ?? '';

  describe.each<[string, (error: { errmsg: string; keyPattern?: object }) => void]>([
    ['by the key pattern alone', (error) => Object.assign(error, { keyPattern: { [/ index: (\w+) /.exec(error.errmsg)![1]!.replace('_id_', '_id')]: 1 }, errmsg: '' })],
    ['by nothing at all', (error) => Object.assign(error, { errmsg: 'E11000 duplicate key error' })],
  ])('told what refused an insert %s', (_, reword) => {
    const store = storeOn(url, logs, async (database) => {
      const opened = await mongoEventStore({ database, name: 'log' });
      rewording(database, reword);
      return opened;
    });
    eventStoreContract('MongoDB', store, { shared: store });
  });

  describe('as it is sent', () => {
    let database: MongoDatabase;
    let remove: () => Promise<void>;
    let store: EventStore;
    let sent: Record<string, unknown>[];
    beforeEach(async () => {
      ({ database, remove } = await freshDatabase(url, logs, { monitorCommands: true }));
      store = await mongoEventStore({ database, name: 'log' });
      sent = [];
      database.connection.getClient().on('commandStarted', ({ commandName, command }) => ['insert', 'find'].includes(commandName) && sent.push(command as Record<string, unknown>));
    });
    afterEach(async () => {
      await store.close();
      await remove();
    });
    const documents = () => sent.filter((command) => 'insert' in command).map((command) => command['documents'] as Record<string, unknown>[]);

    it('has no field for reservations a commit does not make: an empty array would be a key, and collide', async () => {
      await store.append(commitTo('a', 0, ['1']));
      await store.append(commitTo('a', 1, ['2'], { reserve: ['v'] }));
      await store.append(commitTo('a', 2, ['3'], { release: [{ value: 'v', generation: 1 }] }));
      expect(documents().flat().map((document) => Object.keys(document).join(' '))).toEqual(['_id n e chain s c f', '_id n e chain s u c f', '_id n e chain s r c f']);
    });
    it('is one ordered insert for whatever waits, journalled by a majority, positions as 64-bit integers', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, stream) => store.append(commitTo(`s-${stream}`, 0, ['1', '2']))));
      expect(documents().map((batch) => batch.length)).toEqual([100]);
      expect(sent[0]).toMatchObject({ find: 'log', readConcern: { level: 'majority' } });
      expect(sent.find((command) => 'insert' in command)).toMatchObject({ ordered: true, writeConcern: { w: 'majority', j: true } });
      expect(documents()[0]!.map(({ _id }) => _id)).toEqual(Array.from({ length: 100 }, (_, index) => BigInt(2 * index + 1)));
    });
    it('is at most 256 commits and 8 MiB an insert', async () => {
      const large = Array.from({ length: 45 }, () => 'x'.repeat(limits.maxEventBytes));
      await Promise.all([
        ...Array.from({ length: 300 }, (_, stream) => store.append(commitTo(`s-${stream}`, 0, ['1']))),
        ...Array.from({ length: 5 }, (_, stream) => store.append(commitTo(`large-${stream}`, 0, large))),
      ]);
      expect(documents().map((batch) => batch.length)).toEqual([256, 47, 2]);
    });
    it('asks nothing before an insert that builds on what is known, and sends a stale one only when it cannot be known', async () => {
      await store.append(commitTo('a', 0, ['1'], { reserve: ['v'] }));
      sent.length = 0;
      await store.append(commitTo('a', 1, ['2'], { release: [{ value: 'v', generation: 1 }] }));
      expect(sent.map((command) => Object.keys(command)[0])).toEqual(['insert']);
      sent.length = 0;
      expect((await store.append(commitTo('a', 1, ['stale']))).kind).toBe('conflict');
      expect(sent.map((command) => Object.keys(command)[0])).not.toContain('insert');
    });
    it('looks up by exact keys of declared indexes, and reads by position', async () => {
      await store.append(commitOf([{ stream: 'a', expectedRevision: 0, events: ['1', '2'] }], { reserve: ['v'] }));
      await Promise.all([store.head(), store.readAll(1, 10), store.readStream('a', 1), store.lastRevision('b'), store.find(new Uint8Array(16)), store.chainAt!(1)]);
      await store.append(commitTo('a', 0, ['stale'], { reserve: ['v'] }));
      await store.append(commitTo('x', 9, ['beyond'], { release: [{ value: 'w', generation: 4 }] }));
      const asked = sent.filter((command) => 'find' in command);
      expect(asked.length).toBeGreaterThan(6);
      for (const { filter, sort } of asked) {
        const fields = Object.keys(filter as object);
        // The plain head, or one declared index. A sort is only ever by position.
        expect(fields.length === 0 ? ['_id'] : ['_id', 's', 'u', 'r', 'c']).toContain(fields[0] ?? '_id');
        expect(fields.length).toBeLessThanOrEqual(1);
        if (sort) expect([...Object.keys(sort), ...(sort instanceof Map ? sort.keys() : [])]).toEqual(['_id']);
        if (fields.length === 0 || sort) expect(fields.filter((field) => field !== '_id')).toEqual([]);
      }
    });
  });

  describe('heard from afar', () => {
    const shared = storeOn(url, logs, (database) => mongoEventStore({ database, name: 'log', pollMs: 20 }));
    it('calls back when another process wrote, and asks the database only while somebody listens', async () => {
      const { store, another, remove } = await shared();
      const other = await another();
      let calls = 0;
      const stop = store.onAppended(() => (calls += 1));
      await other.append(commitTo('a', 0, ['1']));
      await expect.poll(() => calls).toBe(1);
      await other.append(commitTo('a', 1, ['2']));
      await expect.poll(() => calls).toBe(2);
      stop();
      await other.append(commitTo('a', 2, ['3']));
      await store.head();
      expect(calls).toBe(2);
      await remove();
    });
  });

  describe('asked for the chain', () => {
    const fresh = storeOn(url, logs, (database) => mongoEventStore({ database, name: 'log' }));
    it('knows it after every position, inside a commit too, and of none beyond the end', async () => {
      const { store, remove } = await fresh();
      const chains = [(await store.head()).chain];
      for (const [stream, events] of [['a', ['1']], ['b', ['2', '3', '4']], ['c', ['5']]] as const) await store.append(commitTo(stream, 0, events));
      const oneByOne = await fresh();
      for (const [index, event] of ['1', '2', '3', '4', '5'].entries()) {
        await oneByOne.store.append(commitTo(`s-${index}`, 0, [event]));
        chains.push((await oneByOne.store.head()).chain);
      }
      expect(await Promise.all([0, 1, 2, 3, 4, 5].map((position) => store.chainAt!(position)))).toEqual(chains);
      await expect(store.chainAt!(6)).rejects.toBeInstanceOf(StoreFault);
      await remove();
      await oneByOne.remove();
    });
  });

  describe('given a commit that no document holds', () => {
    const fresh = storeOn(url, logs, (database) => mongoEventStore({ database, name: 'log' }));
    it('answers too_large, though its events are within the limit: small ones weigh less than their keys', async () => {
      const { store, remove } = await fresh();
      const small = Array.from({ length: 80_000 }, () => 'x'.repeat(80));
      expect(await store.append(commitTo('x'.repeat(200), 0, small))).toEqual({ kind: 'too_large' });
      expect(plain(await store.append(commitTo('a', 0, small.slice(0, 60_000))))).toMatchObject({ eventCount: 60_000 });
      await remove();
    });
  });

  describe('with a hole, as only a hand makes one', () => {
    it('is a fault to whoever reads over it, never a shorter log', async () => {
      const { database, remove } = await freshDatabase(url, logs);
      const store = await mongoEventStore({ database, name: 'log' });
      for (const stream of ['a', 'b', 'c']) await store.append(commitTo(stream, 0, ['1']));
      await database.connection.collection('log').deleteOne({ _id: 2 as never });
      await expect(store.readAll(0, 10)).rejects.toBeInstanceOf(StoreFault);
      await remove();
    });
  });
});
