import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createSigningRequest, issueCertificate, type Authority, type CallerName } from '@tillid/crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LiveTlsIdentity } from './live-tls-identity.js';

const dayMs = 24 * 3_600_000;
const consent: CallerName = { kind: 'service', id: 'consent' };
const nowMs = Date.now();
type Files = { readonly key: string; readonly cert: string; readonly ca: string };

let authority: Authority;
let nextAuthority: Authority;
let first: Files;
let folder: string;
let live: LiveTlsIdentity;
let renewed: number;
let refused: string[];

beforeAll(async () => {
  [authority, nextAuthority] = await Promise.all([createAuthority('one', nowMs), createAuthority('two', nowMs)]);
  first = await filesOf();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-tls-'));
  await write(first);
  [renewed, refused] = [0, []];
  live = new LiveTlsIdentity(folder, { everyMs: 3_600_000, onRenewed: () => renewed++, onRefused: (reason) => void refused.push(reason) });
});
afterEach(() => live.close());

async function filesOf({ by = authority, name = consent, ca, atMs = nowMs, days = 90 }: { by?: Authority; name?: CallerName; ca?: string; atMs?: number; days?: number } = {}): Promise<Files> {
  const { keyPem, requestPem } = await createSigningRequest(name);
  return { key: keyPem, cert: await issueCertificate(by, requestPem, name, atMs, days), ca: ca ?? by.certificatePem };
}
async function write(files: Partial<Files>): Promise<void> {
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, `${name}.pem`), content)));
}
const shown = () => ({ key: String(live.key), cert: String(live.cert), ca: String(live.ca) });
/** A file that is being written is whole at the next look, so only what is still wrong then is told. */
async function look(): Promise<void> {
  await live.look(nowMs);
  await live.look(nowMs);
}

describe('a certificate that is renewed', () => {
  it('is the one in use from the next look on, told once', async () => {
    await look();
    expect([renewed, shown()]).toEqual([0, first]);
    const next = await filesOf();
    await write(next);
    await look();
    expect([renewed, shown(), refused]).toEqual([1, next, []]);
  });

  it('may be for the same key, and of an authority that takes over', async () => {
    const both = { ...first, ca: first.ca + nextAuthority.certificatePem };
    await write(both);
    await look();
    expect(shown()).toEqual(both);
    const moved = await filesOf({ by: nextAuthority, ca: both.ca });
    await write(moved);
    await look();
    await write({ ca: nextAuthority.certificatePem });
    await look();
    expect([renewed, shown().cert, shown().ca, refused]).toEqual([3, moved.cert, nextAuthority.certificatePem, []]);
  });

  it('is told to whoever asked, until they no longer want to be', async () => {
    let heard = 0;
    const stop = live.onRenewed(() => heard++);
    await write(await filesOf());
    await look();
    stop();
    await write(await filesOf());
    await look();
    expect([renewed, heard]).toEqual([2, 1]);
  });

  it('written file by file is used when it is whole, and nobody is told of what it was meanwhile', async () => {
    const next = await filesOf();
    await write({ key: next.key });
    await live.look(nowMs);
    await write({ cert: next.cert.slice(0, 300) });
    await live.look(nowMs);
    await write({ cert: next.cert });
    await live.look(nowMs);
    expect([shown(), refused]).toEqual([next, []]);
  });
});

describe('a new certificate that cannot be used', () => {
  it.each<[string, string | RegExp, () => Promise<Partial<Files>>]>([
    ['the key of another', 'key.pem is not the key of cert.pem', async () => ({ key: (await filesOf()).key })],
    ['a certificate that is half there', 'cert.pem is no certificate, or not a whole one', async () => ({ cert: first.cert.slice(0, 400) })],
    ['an empty one', 'cert.pem is no certificate, or not a whole one', async () => ({ cert: '' })],
    ['a key that is half there', 'key.pem is no private key, or not a whole one', async () => ({ key: first.key.slice(0, 100) })],
    ['an authority that is half there', 'ca.pem is no certificate, or not a whole one', async () => ({ ca: first.ca + nextAuthority.certificatePem.slice(0, 300) })],
    ['no authority', 'ca.pem is no certificate, or not a whole one', async () => ({ ca: 'hello' })],
    ['one of an authority nobody knows', 'cert.pem is of no authority in ca.pem', () => filesOf({ by: nextAuthority, ca: authority.certificatePem })],
    ['an authority that is not its own', 'cert.pem is of no authority in ca.pem', async () => ({ ca: nextAuthority.certificatePem })],
    ['one of another caller', 'cert.pem is of tillid://service/audit, not of tillid://service/consent', () => filesOf({ name: { kind: 'service', id: 'audit' } })],
    ['one that has ended', /cert.pem is good from .* which is not now/, () => filesOf({ atMs: nowMs - 2 * dayMs, days: 1 })],
    ['one that has not begun', /cert.pem is good from .* which is not now/, () => filesOf({ atMs: nowMs + dayMs })],
  ])('%s: the one before goes on, the reason is told once, and what mends it is used', async (_what, reason, wrong) => {
    await write(await wrong());
    await look();
    await look();
    expect(refused).toEqual([typeof reason === 'string' ? reason : expect.stringMatching(reason)]);
    expect([renewed, shown()]).toEqual([0, first]);
    const mended = await filesOf();
    await write(mended);
    await look();
    expect(shown()).toEqual(mended);
    expect(refused.join()).not.toContain('PRIVATE KEY');
  });

  it('is the one before once more when that is put back', async () => {
    await write({ cert: 'hello' });
    await look();
    await write(first);
    await look();
    await write({ cert: 'hello' });
    await look();
    expect([renewed, shown(), refused.length]).toEqual([0, first, 2]);
  });

  it('is a folder that is gone, too', async () => {
    await rm(folder, { recursive: true });
    await look();
    expect([shown(), refused]).toEqual([first, ['the folder cannot be read: ENOENT']]);
  });
});

describe('a folder with nothing in it', () => {
  it('is nothing to begin with', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'tillid-tls-'));
    expect(() => new LiveTlsIdentity(empty)).toThrow('ENOENT');
  });
});
