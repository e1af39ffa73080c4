import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareIndexValues, type ReadModelStore, type ReadModelTable } from '@tillid/eventsourcing';
import { visits, type Visit } from '@tillid/testing';
import { mongoReadModelStore, NotMigrated, type MongoDatabase } from '../src/index.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';
import { sentBy, type SentCommand } from './sent.js';

const engines = await mongoForSpecs();
const checkpoint = { position: 1, chain: new Uint8Array(32), key: new Uint8Array(32), headTimeMs: 0 };

describe.skipIf(!engines)('read models on MongoDB', () => {
  let fresh: { database: MongoDatabase; remove: () => Promise<void> };
  let store: ReadModelStore;
  let table: ReadModelTable<Visit>;
  let sent: SentCommand[];
  beforeAll(async () => {
    fresh = await freshDatabase(engines!.mongoUrl, { readModels: [visits] }, { monitorCommands: true });
    store = await mongoReadModelStore({ database: fresh.database });
    table = await store.open(visits);
    sent = sentBy(fresh.database);
  });
  afterAll(() => fresh.remove());

  const visit = (id: string, citizen = 'anna'): Visit => ({ id, citizen, atMs: 1 });
  const write = (position: number, loaded: Record<string, number>, documents: readonly Visit[]) =>
    table.write({ projection: 'visits', source: 'consent/0', checkpoint: { ...checkpoint, position }, rows: documents.map((document) => ({ key: document.id, document, position, loaded })) });
  /** What the work sent. */
  async function during(work: () => Promise<unknown>): Promise<SentCommand[]> {
    const before = sent.length;
    await work();
    return sent.slice(before);
  }

  it('are paged by one find whose filter and order are one index that `migrate` made', async () => {
    await write(1, {}, ['1', '2', '3'].map((id) => visit(id)));
    const made = await fresh.database.connection.collection('read-model.visits.1').indexes();
    for (const [index, descending] of [['byCitizen', false], ['byCitizen', true], ['byId', false]] as const) {
      const equals = index === 'byCitizen' ? ['anna'] : [];
      const commands = await during(async () => {
        const { next } = await table.page({ index, equals, limit: 2, descending });
        await table.page({ index, equals, limit: 2, descending, after: next! });
      });
      expect(commands.map(({ name }) => name)).toEqual(['find', 'find']);
      for (const { command } of commands) {
        const field = `i.${index}`;
        expect(made).toContainEqual(expect.objectContaining({ name: field, key: { [field]: 1 }, sparse: true }));
        expect(command['filter']).toEqual({ [field]: { $gte: expect.any(String), $lt: expect.any(String) } });
        expect(command['sort']).toEqual(new Map([[field, descending ? -1 : 1]]));
        expect(command).not.toHaveProperty('skip');
      }
    }
  });

  it('have another digest once somebody moved a row to another place in an index', async () => {
    const digest = await table.digest();
    const rows = fresh.database.connection.collection('read-model.visits.1');
    const { i } = (await rows.findOne({ _id: '2' as never })) as unknown as { i: { byCitizen: string } };
    for (const key of [`${i.byCitizen}00`, 'no key']) {
      await rows.updateOne({ _id: '2' as never }, { $set: { 'i.byCitizen': key } });
      expect(await table.digest()).not.toBe(digest);
    }
    await rows.updateOne({ _id: '2' as never }, { $set: { i } });
    expect(await table.digest()).toBe(digest);
  });

  it('are written by one conditional write a row, all in one round trip, and the checkpoint after them', async () => {
    const commands = await during(() => write(2, { 'consent/0': 1 }, [visit('1', 'bo'), visit('2', 'bo')]));
    expect(commands.map(({ name, command }) => [name, command[name]])).toEqual([['update', 'read-model.visits.1'], ['update', 'checkpoints']]);
    const updates = commands[0]!.command['updates'] as { q: object }[];
    expect(updates.map(({ q }) => q)).toEqual(['1', '2'].map((_id) => ({ _id, p: '{"consent/0":1}' })));
    // One that was not there can only be inserted: a duplicate is another writer's.
    expect((await during(() => write(3, {}, [visit('4')]))).map(({ name }) => name)).toEqual(['insert', 'update']);
  });

  it('leave the checkpoint where it was when a row is another one than was loaded', async () => {
    const commands = await during(async () => expect(await write(9, { 'consent/0': 1, 'identity/0': 4 }, [visit('1', 'stale')])).toBe(false));
    expect(commands.map(({ name }) => name)).toEqual(['update', 'find']);
    expect((await table.get('1'))!.citizen).toBe('bo');
  });

  it('keep documents as canonical text, and index keys that sort as the declaration says', async () => {
    const stored = await fresh.database.connection.collection<{ _id: string }>('read-model.visits.1').findOne({ _id: '4' });
    expect(stored).toMatchObject({ d: '{"atMs":1,"citizen":"anna","id":"4"}', p: '{"consent/0":3}', i: { byId: expect.stringMatching(/^[0-9a-f]+$/) } });
    await write(4, {}, ['ø', 'a', 'aa'].map((citizen) => visit(`order-${citizen}`, citizen)));
    const { documents } = await table.page({ index: 'byCitizen', limit: 99 });
    const values = documents.map((document) => visits.indexes['byCitizen']!(document));
    expect(values).toEqual(values.toSorted(compareIndexValues));
  });

  it('lose nothing of 24 writers of one document who each load again until they are in', async () => {
    const sources = Array.from({ length: 24 }, (_, index) => `service-${index}/0`);
    await Promise.all(sources.map(async (source) => {
      for (;;) {
        const row = (await table.load(['shared'])).get('shared');
        const document = { id: 'shared', citizen: [...(row?.document?.citizen.split(' ') ?? []), source].join(' '), atMs: 1 };
        if (await table.write({ projection: 'visits', source, checkpoint, rows: [{ key: 'shared', document, position: 1, loaded: row?.positions ?? {} }] })) return;
      }
    }));
    const row = (await table.load(['shared'])).get('shared')!;
    expect(row.document!.citizen.split(' ').sort()).toEqual(sources.toSorted());
    expect(row.positions).toEqual(Object.fromEntries(sources.map((source) => [source, 1])));
  });

  it('never move a checkpoint back, whoever of 16 racing ones is first', async () => {
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 16 }, (_, index) => store.saveCheckpoint(`racing ${round}`, 'consent/0', { ...checkpoint, position: ((index * 7) % 16) + 1 })));
      expect((await store.checkpoint(`racing ${round}`, 'consent/0'))!.position).toBe(16);
    }
  });

  it('are not opened before `migrate` has made their indexes', async () => {
    await expect(store.open({ ...visits, version: 3 })).rejects.toThrow(NotMigrated);
    await expect(store.open({ ...visits, indexes: { ...visits.indexes, byTime: ({ atMs, id }) => [atMs, id] } })).rejects.toThrow('read-model.visits.1 has no index i.byTime');
  });

  it('sweep more tombstones than are looked at at once, and none whose position is still to come', async () => {
    const sweepable = await freshDatabase(engines!.mongoUrl, { readModels: [visits] });
    const other = await (await mongoReadModelStore({ database: sweepable.database })).open(visits);
    const rows = (from: number, count: number, position: number) => Array.from({ length: count }, (_, index) => ({ key: `${from + index}`, document: null, position, loaded: {} }));
    await other.write({ projection: 'visits', source: 'consent/0', checkpoint: { ...checkpoint, position: 2 }, rows: [...rows(0, 1_500, 2), ...rows(2_000, 3, 3)] });
    expect(await other.sweep('visits')).toBe(1_500);
    expect((await other.load(['2000', '2001', '2002', '7'])).size).toBe(3);
    await sweepable.remove();
  });
});
