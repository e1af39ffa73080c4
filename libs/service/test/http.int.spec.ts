import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { commonEvents } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import type { TlsIdentity } from '@tillid/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpRoute } from '../src/index.js';
import { startConsent, testInstallation, type TestInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

const text = (body: string) => Promise.resolve({ status: 200, contentType: 'text/plain; charset=utf-8', body, headers: { 'cache-control': 'no-store' } });
const routes: readonly HttpRoute[] = [
  { method: 'GET', path: '/checkpoint', access: 'public', handle: () => text('checkpoint') },
  { method: 'GET', path: '/tile/entries/*', access: ['auditor'], handle: ({ params, caller }) => text(`${params['*']!} for ${caller!.id}`) },
  { method: 'GET', path: '/tile/*', access: 'public', handle: () => Promise.reject(new Refused('tile.unknown', 'not_found')) },
  { method: 'GET', path: '/broken', access: 'public', handle: () => Promise.reject(new TypeError('of 0101611234')) },
];

let installation: TestInstallation;
let running: Awaited<ReturnType<typeof startConsent>>;

beforeAll(async () => {
  installation = await testInstallation();
  running = await startConsent(installation, { controllers: [new TestConsentController()], routes });
});
afterAll(() => running.service.stop());

function get(path: string, tls?: TlsIdentity | { readonly ca: Buffer }): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const options = { host: '127.0.0.1', path, agent: false };
  const call = tls
    ? httpsRequest({ ...options, ...tls, port: running.service.ports.https, checkServerIdentity: () => undefined })
    : httpRequest({ ...options, port: running.service.ports.http });
  call.on('error', reject).on('response', (answer) => {
    let body = '';
    answer.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve({ status: answer.statusCode!, body }));
  });
  call.end();
  return promise;
}

describe('routes over HTTP', () => {
  it('are for anyone where they are public', async () => {
    expect(await get('/checkpoint')).toEqual({ status: 200, body: 'checkpoint' });
    expect(await get('/checkpoint', await installation.identityOf({ kind: 'auditor', id: 'rigsrevisionen' }))).toEqual({ status: 200, body: 'checkpoint' });
  });

  it('do not exist on the public listener when they are for known callers', async () => {
    // What stands on the public listener under that path is the public route, which has no such tile.
    expect((await get('/tile/entries/000')).body).toBe('{"error":"tile.unknown"}');
  });

  it('are for the kinds of caller in their rule and nobody else, who is recorded', async () => {
    expect(await get('/tile/entries/x001/000', await installation.identityOf({ kind: 'auditor', id: 'rigsrevisionen' }))).toEqual({ status: 200, body: 'x001/000 for rigsrevisionen' });
    expect(await get('/tile/entries/000', await installation.identityOf({ kind: 'relying_service', id: 'fjordbanken' }))).toEqual({ status: 403, body: '{"error":"call.not_allowed"}' });
    const events = await running.store.readAll(0, 100);
    const refused = events.map(({ bytes, position }) => commonEvents.decode(bytes, position)!).filter(({ event }) => event.type === 'CallRefused');
    expect(refused.map(({ envelope, event }) => [envelope.stream, 'rpc' in event && event.rpc])).toEqual([['caller-relying_service-fjordbanken', 'GET /tile/entries/*']]);
  });

  it('cannot be reached over TLS without a certificate', async () => {
    const { ca } = await installation.identityOf({ kind: 'auditor', id: 'rigsrevisionen' });
    await expect(get('/checkpoint', { ca })).rejects.toThrow();
  });

  it('that do not exist, and paths that are broken, are said no to', async () => {
    expect(await get('/nothing')).toEqual({ status: 404, body: '{"error":"route.unknown"}' });
    expect((await get('/tile/%zz')).status).toBe(400);
    expect((await get('/../../etc/passwd')).status).toBe(404);
  });

  it('that fail say nothing of why', async () => {
    expect(await get('/broken')).toEqual({ status: 500, body: '{"error":"call.failed"}' });
    expect(running.lines.join('')).not.toContain('0101611234');
  });
});
