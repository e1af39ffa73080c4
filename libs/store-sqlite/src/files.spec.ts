import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { indexKey, readModel } from '@tillid/eventsourcing';
import { checkSoundLog, commitTo } from '@tillid/testing';
import { sqliteEventStore, sqliteExpiringStore, sqliteReadModelStore, sqliteVault } from './index.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-files-'));
  path = join(folder, 'new', 'store.sqlite');
});
afterEach(() => rm(folder, { recursive: true }));

/** Every byte of every file the store left: database, journal, shared memory. */
async function bytesOnDisk(): Promise<Buffer> {
  const names = await readdir(join(folder, 'new'));
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, 'new', name)))));
}

describe('a store file', () => {
  it('is readable by its owner alone, journal included', async () => {
    const store = await sqliteEventStore({ path });
    await store.append(commitTo('a', 0, ['1']));
    for (const name of await readdir(join(folder, 'new'))) expect((await stat(join(folder, 'new', name))).mode & 0o077).toBe(0);
    await store.close();
  });
  it('keeps its log when it is opened again', async () => {
    const before = await sqliteEventStore({ path });
    await before.append(commitTo('a', 0, ['1', '2'], { reserve: ['v'] }));
    const head = await before.head();
    await before.close();
    const after = await sqliteEventStore({ path });
    expect(await after.head()).toEqual(head);
    expect(await after.append(commitTo('a', 0, ['x']))).toEqual({ kind: 'conflict', stream: 'a', actualRevision: 2 });
    expect(await after.append(commitTo('b', 0, ['x'], { reserve: ['v'] }))).toEqual({ kind: 'reserved', value: 'v' });
    await after.append(commitTo('a', 2, ['3']));
    await checkSoundLog(after);
    await after.close();
  });
  it('is not opened as another kind of store', async () => {
    await (await sqliteVault({ path })).close();
    await expect(sqliteEventStore({ path })).rejects.toThrow(/another kind/);
  });
  it('is not opened by a program older than the one that wrote it', async () => {
    await (await sqliteEventStore({ path })).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(sqliteEventStore({ path })).rejects.toThrow(/newer Tillid/);
  });
  it('opens while another connection holds it, as soon as that lets go', async () => {
    await (await sqliteEventStore({ path })).close();
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN EXCLUSIVE');
    const opening = sqliteEventStore({ path });
    holder.exec('COMMIT');
    holder.close();
    await (await opening).close();
  });
  it('answers full, and stores nothing, while another process keeps the log locked', async () => {
    const store = await sqliteEventStore({ path, busyDeadlineMs: 0 });
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN IMMEDIATE');
    expect(await store.append(commitTo('a', 0, ['1']))).toMatchObject({ kind: 'full' });
    holder.exec('COMMIT');
    holder.close();
    expect(await store.append(commitTo('a', 0, ['1']))).toMatchObject({ kind: 'appended' });
    await store.close();
  });
});

describe('what is deleted', () => {
  it('is gone from every file of a vault, journal and free pages included', async () => {
    const vault = await sqliteVault({ path });
    for (let record = 0; record < 50; record++) await vault.put({ id: `r${record}`, ciphertext: Buffer.from(`superseded-secret-${record}-`.repeat(400)), putAtMs: 1 });
    expect((await bytesOnDisk()).includes('superseded-secret')).toBe(true);
    await vault.delete(Array.from({ length: 50 }, (_, record) => `r${record}`));
    expect((await bytesOnDisk()).includes('superseded-secret')).toBe(false);
    await vault.close();
  });
  it('is gone from every file of an expiring store once it is swept', async () => {
    const store = await sqliteExpiringStore({ path });
    for (let entry = 0; entry < 50; entry++) await store.compareAndSet(`k${entry}`, 0, Buffer.from('short-lived-secret'.repeat(300)), 10, 0);
    await store.sweep(10);
    expect((await bytesOnDisk()).includes('short-lived-secret')).toBe(false);
    await store.close();
  });
  it('or replaced in an expiring store is gone after the next sweep, also when nothing is past its deadline', async () => {
    const store = await sqliteExpiringStore({ path });
    await store.compareAndSet('deleted', 0, Buffer.from('short-lived-secret'.repeat(30)), 100, 0);
    const version = (await store.compareAndSet('replaced', 0, Buffer.from('short-lived-secret'.repeat(30)), 100, 0))!;
    await store.delete('deleted');
    await store.compareAndSet('replaced', version, Buffer.from('another'), 100, 0);
    expect((await bytesOnDisk()).includes('short-lived-secret')).toBe(true);
    expect(await store.sweep(10)).toBe(0);
    expect((await bytesOnDisk()).includes('short-lived-secret')).toBe(false);
    await store.close();
  });
});

describe('a read model', () => {
  const model = readModel<{ id: string }>({ name: 'things', version: 1, key: ({ id }) => id, indexes: { byId: ({ id }) => [id] } });
  it('may not change its indexes without a new version', async () => {
    const store = await sqliteReadModelStore({ path });
    await store.open(model);
    await expect(store.open({ ...model, indexes: {} })).rejects.toThrow(/without a new version/);
    await store.open({ ...model, version: 2, indexes: {} });
    await store.close();
  });
  it('survives the end of the process, documents and checkpoint alike', async () => {
    const store = await sqliteReadModelStore({ path });
    const table = await store.open(model);
    const checkpoint = { position: 3, chain: new Uint8Array(32), key: new Uint8Array(0), headTimeMs: 0 };
    await table.write({ projection: 'things', source: 'consent/0', checkpoint, rows: [{ key: '1', document: { id: '1' }, position: 3, loaded: {} }] });
    await store.close();
    const again = await sqliteReadModelStore({ path });
    expect(await (await again.open(model)).get('1')).toEqual({ id: '1' });
    expect(await again.checkpoint('things', 'consent/0')).toMatchObject({ position: 3 });
    await again.close();
  });
  it('has another digest once somebody moved a row of it to another place in an index, or wrote what is no document', async () => {
    const store = await sqliteReadModelStore({ path });
    const table = await store.open(model);
    await table.write({ projection: 'things', source: 'consent/0', checkpoint: { position: 1, chain: new Uint8Array(32), key: new Uint8Array(0), headTimeMs: 0 }, rows: [{ key: '1', document: { id: '1' }, position: 1, loaded: {} }] });
    const digest = await table.digest();
    const database = new DatabaseSync(path);
    const elsewhere = indexKey(['2']);
    for (const [column, wrong] of [['index byId', elsewhere], ['index byId', null], ['document', '{'], ['document', 'null'], ['document', '{"id":{}}']] as const) {
      const right = database.prepare(`SELECT "${column}" AS was FROM "things@1"`).get()!['was'] as Uint8Array;
      database.prepare(`UPDATE "things@1" SET "${column}" = ?`).run(wrong);
      expect(await table.digest()).not.toBe(digest);
      database.prepare(`UPDATE "things@1" SET "${column}" = ?`).run(right);
      expect(await table.digest()).toBe(digest);
    }
    database.close();
    await store.close();
  });
  it('has another digest once somebody took a row out of an index alone, beneath SQL, or the index away', async () => {
    const store = await sqliteReadModelStore({ path });
    const table = await store.open(model);
    const checkpoint = { position: 1, chain: new Uint8Array(32), key: new Uint8Array(0), headTimeMs: 0 };
    await table.write({ projection: 'things', source: 'consent/0', checkpoint, rows: Array.from({ length: 2_345 }, (_, id) => ({ key: `${id}`, document: { id: `${id}` }, position: 1, loaded: {} })) });
    const { digest } = (await table.snapshot('things', ['consent/0']))!;
    // As any other SQLite opens it: Node's own refuses this.
    const database = new DatabaseSync(path, { defensive: false } as object);
    const { sql } = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'things@1 byId'").get() as { sql: string };
    database.exec(`DROP INDEX "things@1 byId"; ${sql} AND key <> '7'; PRAGMA writable_schema = 1`);
    database.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'things@1 byId'").run(sql);
    database.close();
    await store.close();
    const again = await sqliteReadModelStore({ path });
    const lying = await again.open(model);
    expect([(await lying.page({ index: 'byId', equals: ['7'], limit: 9 })).documents, await lying.get('7')]).toEqual([[], { id: '7' }]);
    expect((await lying.snapshot('things', ['consent/0']))!.digest).not.toBe(digest);
    const mending = new DatabaseSync(path);
    mending.exec(`REINDEX "things@1"`);
    expect((await lying.snapshot('things', ['consent/0']))!.digest).toBe(digest);
    mending.exec(`DROP INDEX "things@1 byId"`);
    expect((await lying.snapshot('things', ['consent/0']))!.digest).not.toBe(digest);
    mending.close();
    await again.close();
  });
  it('is seen as of one moment however long the look takes, and holds no writer up', async () => {
    const store = await sqliteReadModelStore({ path });
    const table = await store.open(model);
    const write = (position: number, ids: readonly string[]) =>
      table.write({ projection: 'things', source: 'consent/0', checkpoint: { position, chain: new Uint8Array(32), key: new Uint8Array(0), headTimeMs: 0 }, rows: ids.map((id) => ({ key: id, document: { id }, position, loaded: {} })) });
    // Some turns of the loop.
    await write(1, Array.from({ length: 2_500 }, (_, index) => `a${index}`));
    const digest = await table.digest();
    const look = table.snapshot('things', ['consent/0']);
    await write(2, ['z']);
    expect(await look).toEqual({ digest, documents: 2_500, positions: { 'consent/0': 1 } });
    expect(await table.snapshot('things', ['consent/0'])).toMatchObject({ documents: 2_501, positions: { 'consent/0': 2 } });
    await store.close();
  });
});
