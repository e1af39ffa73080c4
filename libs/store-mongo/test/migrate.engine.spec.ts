import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { visits } from '@tillid/testing';
import { migrate, mongoCompareAndSetRecord, mongoEventStore, mongoExpiringStore, mongoReadModelStore, mongoVault, NotMigrated, requireMigrated, type MongoDatabase, type MongoPlan } from '../src/index.js';
import { freshDatabase, mongoForSpecs } from './on-mongo.js';

const engines = await mongoForSpecs();
const plan: MongoPlan = {
  eventLogs: ['log'],
  readModels: [visits],
  vaults: ['vault'],
  expiringStores: ['sign-ins'],
  records: ['tree-head'],
  collections: [{ collection: 'own', kind: 'own things', version: 2, indexes: [{ name: 'at', key: { at: 1 } }] }],
};

describe.skipIf(!engines)('a database', () => {
  let fresh: { database: MongoDatabase; remove: () => Promise<void> };
  let database: MongoDatabase;
  beforeEach(async () => {
    fresh = await freshDatabase(engines!.mongoUrl, {});
    database = fresh.database;
  });
  afterEach(() => fresh.remove());
  const collection = (name: string) => database.connection.collection<{ _id: string }>(name);
  const indexNames = async (name: string) => (await collection(name).indexes()).map((index) => String(index.name)).sort();

  it('that was not migrated is opened by no store, which all say what to do, and none makes anything', async () => {
    const opens = [
      () => mongoEventStore({ database, name: 'log' }),
      async () => (await mongoReadModelStore({ database })).open(visits),
      () => mongoVault({ database, name: 'vault' }),
      () => mongoExpiringStore({ database, name: 'sign-ins' }),
      () => mongoCompareAndSetRecord({ database, name: 'tree-head' }),
    ];
    for (const open of opens) {
      const refused: unknown = await open().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(NotMigrated);
      expect((refused as Error).message).toContain('run `migrate`');
    }
    await expect(requireMigrated(database, plan)).rejects.toThrow(/log \(event log\) is missing.*vault \(vault\) is missing.*own has no index at/);
    expect(await database.connection.listCollections()).toEqual([]);
  });

  it('has every declared index after `migrate`, which may be run again', async () => {
    for (let time = 0; time < 2; time++) {
      await migrate(database, plan);
      await requireMigrated(database, plan);
    }
    expect(await indexNames('log')).toEqual(['_id_', 'c', 'r', 's', 'u']);
    expect(await indexNames('read-model.visits.1')).toEqual(['_id_', 'i.byCitizen', 'i.byId', 't']);
    expect(await indexNames('sign-ins')).toEqual(['_id_', 'x']);
  });

  it('may be migrated by eight at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => migrate(database, plan)));
    await requireMigrated(database, plan);
    expect(await indexNames('log')).toHaveLength(5);
  });

  it('is mended by `migrate` where an index is missing, and refused until then', async () => {
    await migrate(database, plan);
    await collection('log').dropIndex('u');
    await expect(mongoEventStore({ database, name: 'log' })).rejects.toThrow('log has no index u');
    await migrate(database, plan);
    await requireMigrated(database, plan);
  });

  it('is left alone where an index is another than declared: no reservation is unique by it', async () => {
    await migrate(database, plan);
    await collection('log').dropIndex('u');
    await collection('log').createIndex({ u: 1 }, { name: 'u', sparse: true });
    await collection('log').dropIndex('s');
    for (const work of [requireMigrated, migrate]) await expect(work(database, plan)).rejects.toThrow('index u of log is another than declared');
    expect(await indexNames('log')).not.toContain('s');
  });

  it('is left alone where something else is kept under the name, or a newer Tillid wrote it', async () => {
    await migrate(database, plan);
    await expect(mongoVault({ database, name: 'sign-ins' })).rejects.toThrow('sign-ins is kept as expiring store, not as vault');
    const older: MongoPlan = { collections: [{ ...plan.collections![0]!, version: 1 }] };
    for (const work of [requireMigrated, migrate]) await expect(work(database, older)).rejects.toThrow('own was written by a newer Tillid (version 2, known 1)');
  });

  it('may have an index more, but none of a read model\'s older declaration', async () => {
    await migrate(database, plan);
    await collection('log').createIndex({ n: 1 }, { name: 'operators-own' });
    await requireMigrated(database, plan);
    const fewer = { ...visits, indexes: { byId: visits.indexes['byId']! } };
    await expect(requireMigrated(database, { readModels: [fewer] })).rejects.toThrow('changed its indexes without a new version (i.byCitizen)');
  });

  it('refuses names that would be paths', async () => {
    for (const name of ['a.b', '$a', '']) await expect(migrate(database, { readModels: [{ ...visits, name }] })).rejects.toThrow('cannot name a read model or an index');
  });
});
