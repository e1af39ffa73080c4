import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { KeyEncryptionKeyForgotten, newKeyEncryptionKeys, systemIds, unwrapKey } from '@tillid/crypto';
import { sqliteStores } from '@tillid/service';
import { copyDatabase } from '@tillid/store-sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStores } from '../src/identity.stores.js';
import { dayMs, eid, identityTown, type IdentityTown } from './identity-town.js';

const keyEncryptionKeys = { current: newKeyEncryptionKeys(systemIds) };
let folders: string[];
let here: string;
let town: IdentityTown;
beforeEach(async () => {
  folders = [];
  here = await folder();
  town = await townIn(here);
});
afterEach(async () => {
  await town.stop();
  for (const each of folders) await rm(each, { recursive: true });
});

async function folder(): Promise<string> {
  folders.push(await mkdtemp(join(tmpdir(), 'tillid-erasure-')));
  return folders.at(-1)!;
}
const townIn = async (path: string) => identityTown(await openStores(sqliteStores(path)), keyEncryptionKeys);

async function holding(path: string, bytes: Buffer): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(path)) if ((await readFile(join(path, name))).includes(bytes)) found.push(name);
  return found;
}

/** What is of one citizen in the stores: the wrapped key, and the sealed details. */
async function sealedOf(citizenId: string) {
  const { wrappedKey } = (await town.stores.keys.get(citizenId))!;
  const details = (await town.stores.vault.list(Infinity, undefined, 100)).find((id) => id.includes(citizenId))!;
  return { wrappedKey: wrappedKey!, ciphertext: Buffer.from((await town.stores.vault.get(details))!.ciphertext) };
}

describe('a citizen who is forgotten', () => {
  it('is gone from every byte of every file, also when a backup is being made: the erasure waits for it', async () => {
    const citizenId = await town.register();
    const { wrappedKey, ciphertext } = await sealedOf(citizenId);
    expect(await holding(here, wrappedKey)).not.toEqual([]);
    // What a copy holds while it is made: one state of the file.
    const copying = new DatabaseSync(join(here, 'key-ring.sqlite'), { readOnly: true });
    copying.exec('BEGIN');
    copying.prepare('SELECT count(*) FROM citizen_keys').get();
    let erased = false;
    const closing = town.close(citizenId, true).then(() => (erased = true));
    await vi.waitFor(async () => expect((await town.stores.keys.get(citizenId))!.wrappedKey).toBeNull());
    expect(erased).toBe(false);
    expect(await holding(here, wrappedKey)).not.toEqual([]);
    copying.close();
    await closing;
    expect([await holding(here, wrappedKey), await holding(here, ciphertext)]).toEqual([[], []]);
  });

  it('is forgotten again by what is put back from a backup, before it answers anyone', async () => {
    const [ida, otto] = [await town.register(), await town.register({ nationalNumber: '660782-1234' })];
    const { wrappedKey, ciphertext } = await sealedOf(ida);
    const elsewhere = await folder();
    for (const name of ['vault', 'key-ring']) copyDatabase(join(here, `${name}.sqlite`), join(elsewhere, `${name}.sqlite`));
    await town.close(ida, true);
    // The log has its lost tail back by then: the destruction is in it.
    copyDatabase(join(here, 'log.sqlite'), join(elsewhere, 'log.sqlite'));
    expect(await holding(elsewhere, wrappedKey)).toEqual(['key-ring.sqlite']);
    await town.stop();
    town = await townIn(elsewhere);
    expect([await holding(elsewhere, wrappedKey), await holding(elsewhere, ciphertext)]).toEqual([[], []]);
    expect((await town.read(ida, [`${eid}fullName`])).attributes).toEqual([]);
    expect((await town.read(otto, [`${eid}fullName`])).attributes).toHaveLength(1);
  });

  it('can be read from no backup any more, once the wrapping key of its age is gone; who lives is read as before', async () => {
    const [ida, otto] = [await town.register(), await town.register({ nationalNumber: '660782-1234' })];
    const { wrappedKey } = await sealedOf(ida);
    await town.close(ida, true);
    expect(unwrapKey(keyEncryptionKeys.current, wrappedKey, ida)).toHaveLength(32);
    for (const days of [30, 35]) {
      town.clock.ms += days * dayMs;
      await town.timed.tendKeyRing();
    }
    expect(() => unwrapKey(keyEncryptionKeys.current, wrappedKey, ida)).toThrow(KeyEncryptionKeyForgotten);
    const { attributes } = await town.official.call(IdentityServiceService.readCitizen, { idempotencyKey: town.newKey(), citizenId: otto, attributes: [`${eid}fullName`], basis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e', purpose: 'test' });
    expect(attributes).toHaveLength(1);
  });
});
