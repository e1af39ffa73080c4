import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteCitizenKeyRecords } from '../src/key-ring/citizen-key-records.sqlite.js';
import { openKeyRingDatabase } from '../src/key-ring/key-ring.database.js';
import { InMemoryCitizenKeyRecords, InMemoryKeyUseCounts } from '../src/key-ring/key-ring.in-memory.js';
import { SqliteKeyUseCounts } from '../src/key-ring/key-use-counts.sqlite.js';
import { keyRingStoresContract } from './key-ring-stores-contract.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tillid-key-ring-'))));
afterEach(() => rm(folder, { recursive: true }));

function openSqlite() {
  const database = openKeyRingDatabase(join(folder, 'key-ring.sqlite'));
  return { records: new SqliteCitizenKeyRecords(database), counts: new SqliteKeyUseCounts(database) };
}

keyRingStoresContract('in memory', async () => ({ records: new InMemoryCitizenKeyRecords(), counts: new InMemoryKeyUseCounts() }));
keyRingStoresContract('on SQLite', async () => openSqlite());

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
