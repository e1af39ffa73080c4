import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import { sqliteEventStore } from '@tillid/store-sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCitizen, type Letter, signIn } from './support/citizen.js';
import { playDay } from './support/day-report.js';
import { replayed, type ReplayedEntry } from './support/replayed.js';
import { checkout, command, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';

// June 2022: both of NemID's data centres failed, the backup did not restore, and it had last been tried two years before.
// This is that morning, every time the tests run: everything is killed at once, the stores are gone, and the country wants in.

const folder = mkdtempSync(join(tmpdir(), 'tillid-restore-'));
const backup = join(folder, 'backup');
const secrets = join(folder, 'safe');
const mirror = join(folder, 'mirror');
const elsewhere = join(folder, 'elsewhere');
const details = { nationalNumber: '6704711234', firstName: 'Mads', lastName: 'Holm', address: 'Strandvejen 9, 4990 Egebæk', email: 'mads@eksempel.dk' };
const key = 'registered-after-the-backup-1';

/** Every command of the page on operations (but the one that has a morning of its own: new-origin.e2e.spec.ts), and where its folders are here. */
const documented = [...readFileSync(join(checkout, 'docs/operations.md'), 'utf8').matchAll(/^npx tillid.*$/gm)].map(([line]) => line).filter((line) => !line.includes(' open-origin '));
const places: Readonly<Record<string, string>> = { '/backups/2026-11-25': backup, '/safe/tillid': secrets, '/mirror/audit': mirror, '/srv/tillid': elsewhere };
const typed = new Set<string>();

let lost: System;
let system: System;
let anne: Letter;
let bo: Letter;
let registered: string;
let record: ReplayedEntry[];

beforeAll(async () => {
  lost = await System.start(23_700);
  await playDay(lost, '--citizens', '4');
  anne = await addCitizen(lost, '6705801234');
  bo = await addCitizen(lost, '6605801234');
  await asDocumented('npx tillid backup', '--data', lost.data);
  // Life goes on, in no backup: another day, a citizen more, and one who is forgotten.
  await playDay(lost, '--citizens', '3', '--seed', '7');
  registered = await register(lost, details);
  await official(lost, (identity) => identity.closeCitizen({ idempotencyKey: 'anne-wants-to-be-forgotten', citizenId: anne.citizenId, reason: 'own_wish', destroyKey: true }));
  // What audit has not taken in and signed is lost with the source: here, and in docs/operations.md.
  await until('the last act is in the record', async () => (record = await replayed(lost)).some(({ type }) => type === 'tillid.identity.v1.EncryptionKeyDestroyed'));
  await until('it is signed', () => signedSize(lost.running.logFolder) >= record.length);
  await lost.killAll();
  // The stores are gone. What is kept elsewhere: the log, which anyone may mirror, and the head that was signed last.
  mkdirSync(mirror);
  for (const name of readdirSync(join(lost.data, 'audit'))) if (name === 'log' || name.startsWith('tree-head')) cpSync(join(lost.data, 'audit', name), join(mirror, name), { recursive: true });
  renameSync(lost.data, `${lost.data}.gone`);
  system = System.in(elsewhere, 23_800);
  await refusesWhatDoesNotFit();
  await asDocumented('npx tillid restore');
  await system.up();
});

afterAll(async () => {
  await system?.remove();
  rmSync(`${lost.data}.gone`, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

describe('a country whose machines all failed at once', () => {
  it('has every act back that was ever in the record, the same bytes at the same places', async () => {
    const now = await replayed(system);
    expect(now.slice(0, record.length)).toEqual(record);
    for (const name of serviceNames) expect(existsSync(join(system.data, name, 'restored')), name).toBe(false);
  });

  it('has one history, which every source, the record and every old checkpoint agree on', async () => {
    await until('everybody has heard everybody', async () => (await system.tillid('status')).code === 0);
    for (const words of ['npx tillid status', 'npx tillid-auditor verify', 'npx tillid-auditor compare']) await asDocumented(words);
    // What the page tells to type is what was typed, but for the ports.
    expect(documented.filter((line) => !typed.has(line))).toEqual(['npx tillid up --data /srv/tillid']);
    const { code } = await system.auditor('verify', '--entries', '--state', join(folder, 'seen'));
    expect(code).toBe(0);
  });

  it('answers a call that is repeated with its old key as it did the first time', async () => {
    expect(await register(system, details)).toBe(registered);
    expect(record.filter(({ type }) => type === 'tillid.identity.v1.CitizenRegistered').length).toBe((await replayed(system)).filter(({ type }) => type === 'tillid.identity.v1.CitizenRegistered').length);
  });

  it('still holds what was held unique: nobody else gets the number', async () => {
    await expect(official(system, (identity) => identity.registerCitizen({ idempotencyKey: 'somebody-else-with-it', details }))).rejects.toThrow('identity.national_number_taken');
  });

  it('has forgotten whom it was told to forget, though the backup had not', async () => {
    expect(wrappedKeyOf(join(backup, 'identity/key-ring.sqlite'), anne.citizenId)).toBeInstanceOf(Uint8Array);
    expect(wrappedKeyOf(join(system.data, 'identity/key-ring.sqlite'), anne.citizenId)).toBeNull();
    const ask = (citizenId: string) => official(system, (identity) => identity.readCitizen({ idempotencyKey: `what-was-the-name-${citizenId}`, citizenId, attributes: ['https://data.gov.dk/model/core/eid/fullName'], basis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e', purpose: 'restore.drill' }));
    expect(await ask(anne.citizenId)).toMatchObject({ attributes: [], status: 'closed' });
    expect(await ask(bo.citizenId)).toMatchObject({ attributes: [{ value: 'Anne Jensen' }], status: 'active' });
  });

  it('keeps of the forgotten nothing that opens, in any byte of any file; and in the backup nothing in clear', () => {
    const wrapped = wrappedKeyOf(join(backup, 'identity/key-ring.sqlite'), anne.citizenId) as Uint8Array;
    const sealed = sealedDetailsOf(join(backup, 'identity/vault.sqlite'), anne.citizenId);
    expect(holding(backup, [wrapped, sealed]).map((path) => path.slice(backup.length))).toEqual(['/identity/key-ring.sqlite', '/identity/vault.sqlite']);
    for (const place of [`${lost.data}.gone`, system.data, mirror, secrets]) expect(holding(place, [wrapped, sealed])).toEqual([]);
    const clear = ['6705801234', '670580-1234', 'Anne Jensen', 'Nørregade 1, 4990 Egebæk', 'anne@eksempel.dk'].map((value) => Buffer.from(value));
    for (const place of [backup, secrets, mirror, system.data]) expect(holding(place, clear)).toEqual([]);
  });

  it('lets in a citizen who was there when the backup was made', async () => {
    expect((await signIn(system, bo)).token).not.toBe('');
  });

  it('says which values came after the backup and are gone', () => {
    const { lost: values } = JSON.parse(readFileSync(join(system.data, 'identity/lost-values.json'), 'utf8')) as { lost: { type: string; value: string }[] };
    expect(values.map(({ value }) => value).join()).toContain(registered);
    expect(values.map(({ value }) => value).join()).not.toContain(bo.citizenId);
  });

  it('finds out by itself when an older log was put back by hand, and gets what it lost before it goes on', async () => {
    expect(await system.stop()).toBe(0);
    const own = join(system.data, 'consent/log.sqlite');
    for (const file of [own, `${own}-wal`, `${own}-shm`]) rmSync(file, { force: true });
    cpSync(join(backup, 'consent/log.sqlite'), own);
    const before = record.filter(({ source }) => source === 'consent/0').length;
    await system.up();
    await until('the log is whole', async () => (await heightOf(own)) >= before);
    await until('nobody sees a difference', async () => (await system.auditor('compare')).code === 0);
    // Whoever heard it say that it had less than before has stopped listening, until a person has looked.
    expect(await system.stop()).toBe(0);
    await system.up();
    await until('everybody listens to it again', async () => (await system.tillid('status')).code === 0);
  });

  it('goes on: the next day is played on it, and its lists are what the record makes of them', async () => {
    const day = await playDay(system, '--citizens', '3', '--seed', '11');
    expect(day.expectations.filter(({ held }) => !held)).toEqual([]);
    expect((await system.auditor('verify', '--entries')).code).toBe(0);
    expect((await system.auditor('compare')).code).toBe(0);
    const { code, stdout, stderr } = await system.auditor('rebuild');
    expect(code, stdout + stderr).toBe(0);
  });
});

async function asDocumented(beginning: string, ...more: string[]): Promise<void> {
  const line = documented.find((each) => each.startsWith(`${beginning} `))!;
  typed.add(line);
  const [, program, ...args] = line.split(' ').map((word) => places[word] ?? word);
  const { code, stdout, stderr } = await command(program === 'tillid' ? 'apps/tillid/bin/tillid.mjs' : 'apps/auditor/bin/tillid-auditor.mjs', [...args, ...more]);
  expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
}

/** Nothing is put back that is not what was backed up, and nothing is left of the try. */
async function refusesWhatDoesNotFit(): Promise<void> {
  const [changed, bare, full] = ['changed', 'bare', 'full'].map((name) => join(folder, name)) as [string, string, string];
  cpSync(backup, changed, { recursive: true });
  const vault = readFileSync(join(changed, 'identity/vault.sqlite'));
  vault[vault.length - 1]! ^= 1;
  writeFileSync(join(changed, 'identity/vault.sqlite'), vault);
  cpSync(mirror, bare, { recursive: true });
  for (const name of readdirSync(bare)) if (name.startsWith('tree-head')) rmSync(join(bare, name));
  mkdirSync(full);
  writeFileSync(join(full, 'something'), '');
  const tries = [
    [{ from: changed }, 1, /vault\.sqlite is not what was backed up/],
    [{ from: mirror }, 2, /no backup/],
    [{ secrets: mirror }, 1, /no secrets of the installation/],
    [{ record: bare }, 1, /no tree-head/],
    [{ data: full }, 1, /is not empty/],
  ] as const;
  for (const [change, exit, says] of tries) {
    const options = Object.entries({ from: backup, secrets, record: mirror, data: elsewhere, ...change }).flatMap(([name, value]) => [`--${name}`, value]);
    const { code, stderr } = await command('apps/tillid/bin/tillid.mjs', ['restore', ...options]);
    expect([code, stderr]).toEqual([exit, expect.stringMatching(says)]);
    expect(existsSync(elsewhere)).toBe(false);
  }
  expect((await lost.tillid('backup', '--to', backup)).code, 'a backup takes the place of none').not.toBe(0);
}

async function heightOf(path: string): Promise<number> {
  const log = await sqliteEventStore({ path });
  return log.head().then(({ position }) => position).finally(() => log.close());
}

function signedSize(logFolder: string): number {
  return Number(readFileSync(join(logFolder, 'checkpoint'), 'utf8').split('\n')[1]);
}

function wrappedKeyOf(path: string, citizenId: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare('SELECT wrapped_key FROM citizen_keys WHERE citizen_id = ?').get(citizenId)?.['wrapped_key'];
  } finally {
    database.close();
  }
}

function sealedDetailsOf(path: string, citizenId: string): Uint8Array {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare("SELECT ciphertext FROM records WHERE id LIKE '%' || ? || '%'").get(citizenId)!['ciphertext'] as Uint8Array;
  } finally {
    database.close();
  }
}

/** Every file, journals and free pages included. */
function holding(place: string, values: readonly Uint8Array[]): string[] {
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => values.some((value) => readFileSync(file).includes(Buffer.from(value)))).toSorted();
}

async function register(on: System, who: typeof details): Promise<string> {
  return (await official(on, (identity) => identity.registerCitizen({ idempotencyKey: key, details: who }))).citizenId;
}

type Identity = ReturnType<typeof identityOf>;
const identityOf = (on: System) => rpcClient(IdentityServiceService, on.running.grpc.identity, rpcCredentials(readTlsIdentity(on.caller('official', 'official-1')), 'identity'));

async function official<Answer>(on: System, work: (identity: Identity) => Promise<Answer>): Promise<Answer> {
  const identity = identityOf(on);
  try {
    return await work(identity);
  } finally {
    identity.close();
  }
}
