import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Authority, type CallerName, callerFromCertificate } from '@tillid/crypto';
import { ensureCertificate, ensureKey, openAuthority } from './certificates.js';
import { DataFolder } from './data-folder.js';
import { openInstallation } from './installation.js';
import { prepareInstallation } from './prepare.js';
import { renewDaily } from './renewal.js';
import { renewCallers, requestCertificate, signRequests } from './requests.js';

const nowMs = Date.now();
const dayMs = 24 * 60 * 60 * 1000;
const audit: CallerName = { kind: 'service', id: 'audit' };
let data: DataFolder;
beforeEach(async () => {
  data = new DataFolder(await mkdtemp(join(tmpdir(), 'tillid-installation-')));
});
const read = (...path: string[]) => readFile(join(data.path, ...path), 'utf8');

describe('an installation', () => {
  it('keeps its id and origin from first start on, and the port base it was last given', async () => {
    const first = await openInstallation(data, undefined);
    expect(first.portBase).toBe(7400);
    expect(first.origin).toBe(`tillid.local/${first.id}`);
    expect(await openInstallation(data, 7500)).toEqual({ ...first, portBase: 7500 });
    expect(await openInstallation(data, undefined)).toEqual({ ...first, portBase: 7500 });
  });

  it('has an origin nobody else has', async () => {
    const other = new DataFolder(await mkdtemp(join(tmpdir(), 'tillid-installation-')));
    expect((await openInstallation(data, undefined)).origin).not.toBe((await openInstallation(other, undefined)).origin);
  });
});

describe('certificates at start', () => {
  async function start(atMs = nowMs): Promise<boolean> {
    const authority = await openAuthority(data.authority, 'id', atMs);
    await ensureKey(data.tls('audit'), audit);
    return ensureCertificate(authority, data.tls('audit'), audit, atMs);
  }

  it('are made once, for their owner alone, and left alone while they are good', async () => {
    expect(await start()).toBe(true);
    const certificate = await read('audit', 'tls', 'cert.pem');
    expect(callerFromCertificate(new X509Certificate(certificate).raw)).toMatchObject(audit);
    expect((await stat(join(data.tls('audit'), 'key.pem'))).mode & 0o777).toBe(0o600);
    expect(await start()).toBe(false);
    expect(await read('audit', 'tls', 'cert.pem')).toBe(certificate);
  });

  it('are renewed for the same key when they are due', async () => {
    await start();
    const key = await read('audit', 'tls', 'key.pem');
    expect(await start(nowMs + 61 * dayMs)).toBe(true);
    expect(await read('audit', 'tls', 'key.pem')).toBe(key);
    const { validTo } = new X509Certificate(await read('audit', 'tls', 'cert.pem'));
    expect(Math.abs(Date.parse(validTo) - (nowMs + 151 * dayMs))).toBeLessThan(1000);
  });

  it.each(['key.pem', 'request.pem', 'cert.pem'])('are mended when a crash left no %s', async (lost) => {
    await start();
    await rm(join(data.tls('audit'), lost));
    expect(await start()).toBe(true);
    const certificate = new X509Certificate(await read('audit', 'tls', 'cert.pem'));
    expect(certificate.verify(new X509Certificate(await read('authority', 'ca.pem')).publicKey)).toBe(true);
    expect(await start()).toBe(false);
  });

  it('are made anew when the authority is another', async () => {
    await start();
    await rm(data.authority, { recursive: true });
    expect(await start()).toBe(true);
  });
});

describe('certificates while everything runs', () => {
  const everyone = ['identity/tls', 'authentication/tls', 'consent/tls', 'audit/tls', 'callers/operator/operator', 'callers/relying_service/fjordbanken'];
  const certificates = () => Promise.all(everyone.map((folder) => read(folder, 'cert.pem')));
  const keys = () => Promise.all(everyone.map((folder) => read(folder, 'key.pem')));

  it('are renewed on the day they are due, for the same keys, and on no other; those of callers that were added too', async () => {
    const installation = await openInstallation(data, undefined);
    const bank: CallerName = { kind: 'relying_service', id: 'fjordbanken' };
    const authority = await prepareInstallation(data, installation, nowMs);
    await ensureKey(data.caller(bank), bank);
    await ensureCertificate(authority, data.caller(bank), bank, nowMs);
    const [first, held] = [await certificates(), await keys()];
    for (const day of [1, 30, 59]) await prepareInstallation(data, installation, nowMs + day * dayMs);
    expect(await certificates()).toEqual(first);
    await prepareInstallation(data, installation, nowMs + 61 * dayMs);
    const renewed = await certificates();
    expect(renewed.filter((certificate, index) => certificate !== first[index])).toHaveLength(everyone.length);
    expect(await keys()).toEqual(held);
    await prepareInstallation(data, installation, nowMs + 62 * dayMs);
    expect(await certificates()).toEqual(renewed);
  });

  it('are looked at once a day until it is over, and a day that failed is told', async () => {
    vi.useFakeTimers();
    const failures: unknown[] = [];
    let looks = 0;
    const renewal = renewDaily(() => (++looks === 2 ? Promise.reject(new Error('disk full')) : Promise.resolve()), (error) => failures.push(error));
    await vi.advanceTimersByTimeAsync(3 * dayMs);
    renewal.stop();
    await vi.advanceTimersByTimeAsync(3 * dayMs);
    vi.useRealTimers();
    expect([looks, failures]).toEqual([3, [new Error('disk full')]]);
  });
});

describe('a new caller', () => {
  const bank: CallerName = { kind: 'relying_service', id: 'fjordbanken' };

  async function openedAuthority(): Promise<Authority> {
    const authority = await openAuthority(data.authority, 'id', nowMs);
    await writeFile(data.ca, authority.certificatePem);
    return authority;
  }

  /** Asks while somebody signs; answers the certificate. */
  async function asks(authority: Authority, atMs = nowMs): Promise<string> {
    const signer = setInterval(() => void signRequests(data, authority, atMs), 20);
    const folder = await requestCertificate(data, bank, { nowMs: () => atMs }).finally(() => clearInterval(signer));
    return readFile(join(folder, 'cert.pem'), 'utf8');
  }

  it('gets a certificate by file from whoever holds the authority, and the same one when it asks again', async () => {
    const authority = await openedAuthority();
    const certificate = await asks(authority);
    expect(callerFromCertificate(new X509Certificate(certificate).raw)).toMatchObject(bank);
    expect(await asks(authority)).toBe(certificate);
  });

  it('has its request left alone while it is being written', async () => {
    const authority = await openedAuthority();
    await asks(authority);
    const written = join(data.requests, 'relying_service.fjordbanken.tmp-0123456789ab');
    await writeFile(written, '');
    await signRequests(data, authority, nowMs);
    expect(await readFile(written, 'utf8')).toBe('');
  });

  it('gets another for the same key when its own is due, and when the authority is another', async () => {
    const authority = await openedAuthority();
    const certificate = await asks(authority);
    const key = await read('callers', 'relying_service', 'fjordbanken', 'key.pem');
    const renewed = await asks(authority, nowMs + 61 * dayMs);
    expect(renewed).not.toBe(certificate);
    await rm(data.authority, { recursive: true });
    const other = await openedAuthority();
    expect(new X509Certificate(await asks(other)).verify(new X509Certificate(other.certificatePem).publicKey)).toBe(true);
    expect(await read('callers', 'relying_service', 'fjordbanken', 'key.pem')).toBe(key);
  });

  it('has it renewed for the same key at a start when it is due, and a broken one holds nobody up', async () => {
    const authority = await openAuthority(data.authority, 'id', nowMs);
    const broken: CallerName = { kind: 'auditor', id: 'broken' };
    for (const name of [broken, bank]) {
      await ensureKey(data.caller(name), name);
      await ensureCertificate(authority, data.caller(name), name, nowMs);
    }
    await writeFile(join(data.caller(broken), 'cert.pem'), 'no certificate');
    const [key, certificate] = await Promise.all(['key.pem', 'cert.pem'].map((file) => readFile(join(data.caller(bank), file), 'utf8')));
    await renewCallers(data, authority, nowMs);
    expect(await readFile(join(data.caller(bank), 'cert.pem'), 'utf8')).toBe(certificate);
    await renewCallers(data, authority, nowMs + 61 * dayMs);
    const { validTo } = new X509Certificate(await readFile(join(data.caller(bank), 'cert.pem'), 'utf8'));
    expect(Math.abs(Date.parse(validTo) - (nowMs + 151 * dayMs))).toBeLessThan(1000);
    expect(await readFile(join(data.caller(bank), 'key.pem'), 'utf8')).toBe(key);
  });

  it('never becomes a service, and gets no name but its own', async () => {
    const authority = await openedAuthority();
    await ensureKey(data.caller(audit), audit);
    await ensureKey(data.caller(bank), { kind: 'operator', id: 'operator' });
    await signRequests(data, authority, nowMs);
    await writeFile(join(data.requests, 'service.audit'), '');
    await writeFile(join(data.requests, 'relying_service.fjordbanken'), '');
    await writeFile(join(data.requests, '..%2fetc'), '');
    await signRequests(data, authority, nowMs);
    await expect(stat(join(data.caller(audit), 'cert.pem'))).rejects.toThrow('ENOENT');
    await expect(stat(join(data.caller(bank), 'cert.pem'))).rejects.toThrow('ENOENT');
    await expect(requestCertificate(data, bank)).rejects.toThrow('asks for tillid://operator/operator');
  });
});
