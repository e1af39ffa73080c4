import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { commitTo } from '@tillid/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyDatabase, digestOfFile, sqliteEventStore, sqliteVault } from './index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tillid-copy-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe('a copy of a store', () => {
  it('is one state of it, taken while it is written to, and opens as the same kind of store', async () => {
    const store = await sqliteEventStore({ path: at('log.sqlite') });
    for (let revision = 0; revision < 50; revision++) await store.append(commitTo('a', revision, ['x']));
    const head = await store.head();
    const writing = Promise.all(Array.from({ length: 50 }, (_, index) => store.append(commitTo(`b-${index}`, 0, ['z']))));
    copyDatabase(at('log.sqlite'), at('copy.sqlite'));
    await writing;
    const copy = await sqliteEventStore({ path: at('copy.sqlite') });
    expect(await copy.head()).toEqual(head);
    expect(await copy.readAll(0, 1000)).toEqual(await store.readAll(0, 50));
    await copy.close();
    await store.close();
    await expect(sqliteVault({ path: at('copy.sqlite') })).rejects.toThrow('another kind of store');
  });

  it('is nobody else’s to read, and takes the place of nothing', async () => {
    await (await sqliteVault({ path: at('vault.sqlite') })).close();
    copyDatabase(at('vault.sqlite'), at('copy.sqlite'));
    expect(statSync(at('copy.sqlite')).mode & 0o777).toBe(0o600);
    expect(() => copyDatabase(at('vault.sqlite'), at('copy.sqlite'))).toThrow('EEXIST');
    expect(await digestOfFile(at('copy.sqlite'))).toEqual({ sha256: createHash('sha256').update(readFileSync(at('copy.sqlite'))).digest('hex'), bytes: statSync(at('copy.sqlite')).size });
  });

  it('holds nothing of what was deleted before it was taken', async () => {
    const vault = await sqliteVault({ path: at('vault.sqlite') });
    const secret = Buffer.from('sealed, and superseded since');
    await vault.put({ id: 'one', ciphertext: secret, putAtMs: 1 });
    await vault.put({ id: 'two', ciphertext: Buffer.from('still there'), putAtMs: 1 });
    await vault.delete(['one']);
    copyDatabase(at('vault.sqlite'), at('copy.sqlite'));
    await vault.close();
    expect(readFileSync(at('copy.sqlite')).includes(secret)).toBe(false);
    expect(readFileSync(at('copy.sqlite')).includes('still there')).toBe(true);
  });
});
