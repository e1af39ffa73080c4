import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CitizenKeyRecords, KeyUseCounts } from '../src/key-ring/citizen-key-records.js';
import { SqliteCitizenKeyRecords } from '../src/key-ring/citizen-key-records.sqlite.js';
import { openKeyRingDatabase } from '../src/key-ring/key-ring.database.js';
import { InMemoryCitizenKeyRecords, InMemoryKeyUseCounts } from '../src/key-ring/key-ring.in-memory.js';
import { SqliteKeyUseCounts } from '../src/key-ring/key-use-counts.sqlite.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tillid-key-ring-'))));
afterEach(() => rm(folder, { recursive: true }));

function openSqlite() {
  const database = openKeyRingDatabase(join(folder, 'key-ring.sqlite'));
  return { records: new SqliteCitizenKeyRecords(database), counts: new SqliteKeyUseCounts(database) };
}

/** Every adapter of the key ring's ports passes this. */
describe.each([
  ['in memory', () => ({ records: new InMemoryCitizenKeyRecords() as CitizenKeyRecords, counts: new InMemoryKeyUseCounts() as KeyUseCounts })],
  ['on SQLite', openSqlite],
])('the key ring’s stores %s', (_name, open) => {
  let records: CitizenKeyRecords;
  let counts: KeyUseCounts;
  beforeEach(() => {
    ({ records, counts } = open());
    return () => records.close();
  });
  const add = (citizenId: string, addedAtMs = 0) => records.add({ citizenId, wrappedKey: Buffer.from(`key of ${citizenId}`), addedAtMs });

  it('keep one key a citizen, and know who has none', async () => {
    await add('ida');
    expect(await records.get('ida')).toEqual({ wrappedKey: Buffer.from('key of ida') });
    expect(await records.get('otto')).toBeUndefined();
    await expect(add('ida')).rejects.toThrow();
  });

  it('list what nobody has named yet, oldest first, and only what is old enough', async () => {
    await add('new', 30);
    await add('old', 10);
    await add('older', 5);
    await add('named', 1);
    await records.markNamed(['named', 'never there']);
    expect(await records.unnamed(30, 10)).toEqual(['older', 'old']);
    expect(await records.unnamed(31, 2)).toEqual(['older', 'old']);
    await records.remove(['older']);
    expect(await records.unnamed(31, 10)).toEqual(['old', 'new']);
    expect(await records.get('older')).toBeUndefined();
  });

  it('keep a tombstone of a destroyed key, which nothing brings back', async () => {
    await add('ida');
    await records.destroy('ida');
    await records.destroy('ida');
    await records.destroy('never there');
    expect(await records.get('ida')).toEqual({ wrappedKey: null });
    await records.rewrap([{ citizenId: 'ida', from: Buffer.from('key of ida'), to: Buffer.from('again') }]);
    expect(await records.get('ida')).toEqual({ wrappedKey: null });
    await expect(add('ida')).rejects.toThrow();
    expect(await records.unnamed(1000, 10)).toEqual([]);
  });

  it('page through live keys and wrap again only what is still as it was', async () => {
    for (const citizenId of ['c', 'a', 'd', 'b']) await add(citizenId);
    await records.destroy('b');
    const first = await records.page('', 2);
    expect(first.map(({ citizenId }) => citizenId)).toEqual(['a', 'c']);
    expect((await records.page('c', 2)).map(({ citizenId }) => citizenId)).toEqual(['d']);
    await records.rewrap([{ citizenId: 'a', from: first[0]!.wrappedKey, to: Buffer.from('new') }, { citizenId: 'c', from: Buffer.from('stale'), to: Buffer.from('new') }]);
    expect(await records.get('a')).toEqual({ wrappedKey: Buffer.from('new') });
    expect(await records.get('c')).toEqual({ wrappedKey: Buffer.from('key of c') });
  });

  it('keep small numbers beside the keys', async () => {
    expect(await records.number('destroyed_up_to')).toBeUndefined();
    await records.setNumber('destroyed_up_to', 17);
    await records.setNumber('destroyed_up_to', 18);
    expect(await records.number('destroyed_up_to')).toBe(18);
  });

  it('add up uses by citizen, service and day, until they are removed', async () => {
    const use = { citizenId: 'ida', service: 'consent', day: '2026-11-24' };
    await counts.add([{ ...use, count: 2 }, { ...use, service: 'authentication', count: 1 }, { ...use, count: 3 }]);
    await counts.add([{ ...use, day: '2026-11-25', count: 7 }]);
    await counts.add([{ ...use, count: 1 }]);
    await counts.writeDecoy();
    await counts.writeDecoy();
    expect(await counts.before('2026-11-24', 10)).toEqual([]);
    expect(await counts.before('2026-11-25', 10)).toEqual([{ ...use, service: 'authentication', count: 1 }, { ...use, count: 6 }]);
    expect(await counts.before('2026-11-26', 1)).toHaveLength(1);
    await counts.remove([use]);
    expect(await counts.before('2026-11-26', 10)).toEqual([{ ...use, service: 'authentication', count: 1 }, { ...use, day: '2026-11-25', count: 7 }]);
  });
});

describe('the key ring’s file', () => {
  it('holds nothing of a key that was destroyed, removed or wrapped anew, however many lie beside it', async () => {
    const { records } = openSqlite();
    const wrapped = new Map(Array.from({ length: 300 }, (_, index) => [`citizen-${index}`, randomBytes(90)]));
    for (const [citizenId, wrappedKey] of wrapped) await records.add({ citizenId, wrappedKey, addedAtMs: 0 });
    const gone = [...wrapped.keys()].filter((_, index) => index % 3 === 0);
    await records.remove(gone.filter((_, index) => index % 2 === 0));
    await records.rewrap(gone.map((citizenId) => ({ citizenId, from: wrapped.get(citizenId)!, to: randomBytes(120) })));
    for (const citizenId of gone) await records.destroy(citizenId);
    const content = Buffer.concat(await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name)))));
    expect(gone.filter((citizenId) => content.includes(wrapped.get(citizenId)!))).toEqual([]);
    const kept = [...wrapped.keys()].filter((citizenId) => !gone.includes(citizenId));
    expect(kept.filter((citizenId) => content.includes(wrapped.get(citizenId)!))).toEqual(kept);
    await records.close();
  });

  it('is there after a restart, for its owner alone', async () => {
    const { records } = openSqlite();
    await records.add({ citizenId: 'ida', wrappedKey: Buffer.from('wrapped'), addedAtMs: 0 });
    const path = join(folder, 'key-ring.sqlite');
    for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o077).toBe(0);
    await records.close();
    const again = openSqlite();
    expect(await again.records.get('ida')).toEqual({ wrappedKey: Buffer.from('wrapped') });
    await again.records.close();
  });
});
