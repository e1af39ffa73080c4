import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { newKeyEncryptionKeys, systemIds } from '@tillid/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteStores } from '@tillid/service';
import { openStores } from '../src/identity.stores.js';
import { address, dayMs, eid, ida, identityTown, type IdentityTown } from './identity-town.js';

const keyEncryptionKeys = { current: newKeyEncryptionKeys(systemIds) };
let folder: string;
let town: IdentityTown;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-identity-'));
  town = await identityTown(await openStores(sqliteStores(folder)), keyEncryptionKeys);
});
afterEach(async () => {
  await town.stop();
  await rm(folder, { recursive: true });
});

async function filesHolding(bytes: Buffer): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  expect(names.length).toBeGreaterThan(7);
  const contents = await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
  return contents.filter(({ content }) => content.includes(bytes)).map(({ name }) => name);
}

describe('identity on SQLite', () => {
  it('leaves no value of a citizen in any byte of any file', async () => {
    const citizenId = await town.register();
    await town.prove(citizenId, AssuranceLevel.SUBSTANTIAL);
    await town.read(citizenId, [`${eid}fullName`, `${eid}cprNumber`, `${eid}dateOfBirth`, `${eid}email`, address]);
    const subject = await town.linkSubject(citizenId, 'egebaek');
    await town.egebaek.call(IdentityServiceService.matchNationalNumber, { idempotencyKey: town.newKey(), subject, nationalNumber: ida.nationalNumber, purpose: 'https://w3id.org/dpv#IdentityVerification' });
    town.shares.set('share.1', { receiverId: 'egebaek', citizenId, attributes: [address, `${eid}fullName`], status: 'requested' });
    await town.egebaek.call(IdentityServiceService.releaseAttributes, { idempotencyKey: town.newKey(), shareId: 'share.1' });
    const { key } = await town.useKey(citizenId);
    await expect(town.register({ lastName: 'Tabersen' })).rejects.toMatchObject({ code: 'identity.national_number_taken' });

    const values = [...Object.values(ida), '6607811234', 'Holmsted', 'Havnegade', '1981-07-06', 'Tabersen'].map((value) => Buffer.from(value));
    for (const value of [...values, key, Buffer.from(key.toString('hex')), Buffer.from(key.toString('base64'))]) expect(await filesHolding(value)).toEqual([]);
    // The search itself can find: the citizen's id is in the log.
    expect(await filesHolding(Buffer.from(citizenId))).not.toEqual([]);
  });

  it('leaves nothing of a destroyed key, not even wrapped', async () => {
    const citizenId = await town.register();
    const wrapped = (await town.stores.keys.get(citizenId))!.wrappedKey!;
    const [detailsId] = await town.stores.vault.list(Infinity, undefined, 1);
    const { ciphertext } = (await town.stores.vault.get(detailsId!))!;
    expect(await filesHolding(wrapped)).not.toEqual([]);
    await town.close(citizenId, true);
    expect(await filesHolding(wrapped)).toEqual([]);
    expect(await filesHolding(Buffer.from(ciphertext))).toEqual([]);
  });

  it('gives one number to exactly one of a hundred who race for it', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => town.register()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    town.clock.ms += dayMs + 1;
    expect(await town.timed.sweepUnnamedValues()).toEqual({ values: 99, keys: 99 });
  });

  it('is the same after a restart: keys open, first uses stay first, counts go on', async () => {
    const citizenId = await town.register();
    const { key } = await town.useKey(citizenId);
    await town.useKey(citizenId);
    await town.timed.saveKeyUses();
    await town.stop();
    town = await identityTown(await openStores(sqliteStores(folder)), keyEncryptionKeys);
    expect(await town.useKey(citizenId)).toEqual({ key });
    expect((await town.read(citizenId, [`${eid}lastName`])).attributes).toEqual([{ name: `${eid}lastName`, value: 'Holmsted' }]);
    town.clock.ms += dayMs;
    await town.timed.recordKeyUses();
    expect((await town.events('EncryptionKeyUsed')).map(({ event }) => event)).toMatchObject([{ count: 1 }, { count: 2 }]);
  });
});
