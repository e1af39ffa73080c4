import { createServer, type Server } from 'node:https';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CallerName } from '../caller.js';
import { type Authority, createAuthority } from '../certificates/authority.js';
import { createSigningRequest, issueCertificate } from '../certificates/leaf.js';
import { systemIds } from '../random.js';
import { TokenRefused } from './claims.js';
import { issueCitizenToken } from './issue.js';
import { remoteTokenKeys } from './remote-keys.js';
import { publicTokenKeys, rotateTokenKeys } from './signing-keys.js';
import { verifyCitizenToken } from './verify.js';

const nowMs = Date.now();
const keys = rotateTokenKeys([], nowMs, systemIds);
const issuer = 'tillid.local/test';
const thumbprint = 'thumbprint';
let authority: Authority;
let server: Server | undefined;
let asked = 0;

beforeAll(async () => {
  authority = await createAuthority('test', nowMs);
});
afterEach(() => {
  vi.useRealTimers();
  server?.close();
  asked = 0;
});

async function certificateOf(name: CallerName) {
  const { keyPem, requestPem } = await createSigningRequest(name);
  return { keyPem, certificatePem: await issueCertificate(authority, requestPem, name, nowMs), caPem: authority.certificatePem };
}
async function sourceServedBy(id: string, answer: () => string = () => JSON.stringify(publicTokenKeys(keys))) {
  const { keyPem: key, certificatePem: cert, caPem: ca } = await certificateOf({ kind: 'service', id });
  server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (_request, response) => {
    asked++;
    response.end(answer());
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const identity = await certificateOf({ kind: 'service', id: 'consent' });
  return remoteTokenKeys({ urls: [`https://127.0.0.1:${port}/jwks.json`], identity: () => identity });
}
async function tokenOf(signers = keys) {
  const claims = { audience: 'tillid', subject: 'citizen', sessionId: 's', level: AssuranceLevel.LOW, thumbprint, tokenId: 't' };
  return (await issueCitizenToken(signers, issuer, claims, nowMs)).token;
}
const expected = { issuer, audience: 'tillid', thumbprint };

describe('keys fetched from authentication', () => {
  it('are asked for once, however many tokens come', async () => {
    const source = await sourceServedBy('authentication');
    const token = await tokenOf();
    await Promise.all(Array.from({ length: 20 }, () => verifyCitizenToken(token, source, expected, nowMs)));
    expect(asked).toBe(1);
  });

  it('come from another replica when the first is gone', async () => {
    const answering = await sourceServedBy('authentication');
    const { port } = server!.address() as { port: number };
    const identity = await certificateOf({ kind: 'service', id: 'consent' });
    const source = remoteTokenKeys({ urls: ['https://127.0.0.1:1/jwks.json', `https://127.0.0.1:${port}/jwks.json`], identity: () => identity });
    for (const keysOf of [answering, source]) await verifyCitizenToken(await tokenOf(), keysOf, expected, nowMs);
    expect(asked).toBe(2);
  });

  it('are not asked for again by invented key ids', async () => {
    const source = await sourceServedBy('authentication');
    await verifyCitizenToken(await tokenOf(), source, expected, nowMs);
    const foreign = await tokenOf(rotateTokenKeys([], nowMs, systemIds));
    for (let i = 0; i < 5; i++) await expect(verifyCitizenToken(foreign, source, expected, nowMs)).rejects.toBeInstanceOf(TokenRefused);
    expect(asked).toBe(1);
  });

  it('are asked for again by a key that is new, ten seconds after they last were, and no oftener by any number of invented ones', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs });
    let served = keys;
    const source = await sourceServedBy('authentication', () => JSON.stringify(publicTokenKeys(served)));
    await verifyCitizenToken(await tokenOf(), source, expected, nowMs);
    served = [...keys, ...rotateTokenKeys([], nowMs, systemIds)];
    vi.setSystemTime(nowMs + 9_000);
    await expect(verifyCitizenToken(await tokenOf(served.slice(1)), source, expected, nowMs)).rejects.toBeInstanceOf(TokenRefused);
    vi.setSystemTime(nowMs + 11_000);
    await verifyCitizenToken(await tokenOf(served.slice(1)), source, expected, nowMs);
    await verifyCitizenToken(await tokenOf(), source, expected, nowMs);
    expect(asked).toBe(2);
    const invented = await tokenOf(rotateTokenKeys([], nowMs, systemIds));
    for (let second = 12; second <= 71; second++) {
      vi.setSystemTime(nowMs + second * 1000);
      await Promise.allSettled(Array.from({ length: 20 }, () => verifyCitizenToken(invented, source, expected, nowMs)));
    }
    expect(asked).toBeLessThanOrEqual(8);
  });

  it('that cannot be had are not asked for by every token that comes', async () => {
    const refusing = createServer();
    let knocks = 0;
    refusing.on('connection', (socket) => {
      knocks++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    const { port } = refusing.address() as { port: number };
    const identity = await certificateOf({ kind: 'service', id: 'consent' });
    const source = remoteTokenKeys({ urls: [`https://127.0.0.1:${port}/jwks.json`], identity: () => identity });
    const token = await tokenOf();
    for (let call = 0; call < 20; call++) await expect(verifyCitizenToken(token, source, expected, nowMs)).rejects.not.toBeInstanceOf(TokenRefused);
    refusing.close();
    expect(knocks).toBe(1);
  });

  it('are not taken from another service of ours', async () => {
    const source = await sourceServedBy('consent');
    await expect(verifyCitizenToken(await tokenOf(), source, expected, nowMs)).rejects.toThrow('the peer is not tillid://service/authentication');
    expect(asked).toBe(0);
  });

  it('are a fault, no refusal of the token, when they cannot be had', async () => {
    const nonsense = await sourceServedBy('authentication', () => 'x'.repeat(100_000));
    const identity = await certificateOf({ kind: 'service', id: 'consent' });
    for (const source of [nonsense, remoteTokenKeys({ urls: ['https://127.0.0.1:1/jwks.json'], identity: () => identity })]) {
      const error: unknown = await verifyCitizenToken(await tokenOf(), source, expected, nowMs).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TokenRefused);
    }
  });

  it('are fetched with the certificate in use at the time, and trusted by the authorities in use', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs });
    const [first, renewed] = [await certificateOf({ kind: 'service', id: 'consent' }), await certificateOf({ kind: 'service', id: 'consent' })];
    await sourceServedBy('authentication');
    const shown: string[] = [];
    server!.on('secureConnection', (socket) => shown.push(socket.getPeerX509Certificate()!.toString()));
    let identity = first;
    const { port } = server!.address() as { port: number };
    const source = remoteTokenKeys({ urls: [`https://127.0.0.1:${port}/jwks.json`], identity: () => identity });
    const other = await createAuthority('other', nowMs);
    for (const [minutes, inUse] of [[0, first], [6, renewed], [12, { ...renewed, caPem: other.certificatePem + authority.certificatePem }]] as const) {
      identity = inUse;
      vi.setSystemTime(nowMs + minutes * 60_000);
      await verifyCitizenToken(await tokenOf(), source, expected, nowMs);
    }
    expect(shown).toEqual([first, renewed, renewed].map(({ certificatePem }) => certificatePem));
    identity = { ...renewed, caPem: other.certificatePem };
    vi.setSystemTime(nowMs + 18 * 60_000);
    await expect(verifyCitizenToken(await tokenOf(), source, expected, nowMs)).rejects.toThrow();
  });

  it('never come over plain http', () => {
    expect(() => remoteTokenKeys({ urls: ['http://127.0.0.1/jwks.json'], identity: () => ({ caPem: '', keyPem: '', certificatePem: '' }) })).toThrow('https only');
  });
});
