import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { X509Certificate } from 'node:crypto';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { createAuthority, createSigningRequest, issueCertificate, thumbprintOf, type Authority, type CallerName } from '@tillid/crypto';
import { followSource, ProgressBook, startingPoint, type Checkpoint, type Trouble } from '@tillid/eventsourcing';
import { feedReader, LiveTlsIdentity, rpcClient, rpcCredentials, type TlsIdentity } from '@tillid/rpc';
import { systemClock } from '@tillid/runtime';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HttpRoute } from '../src/index.js';
import { startConsent, testInstallation, type TestInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

const consent: CallerName = { kind: 'service', id: 'consent' };
const audit: CallerName = { kind: 'service', id: 'audit' };
const operator: CallerName = { kind: 'operator', id: 'ops' };
const secondInDays = 1 / (24 * 60 * 60);
const routes: readonly HttpRoute[] = [{ method: 'GET', path: '/who', access: ['service', 'operator'], handle: ({ caller }) => Promise.resolve({ status: 200, contentType: 'text/plain', body: caller!.thumbprint }) }];

let next: Authority;
let installation: TestInstallation;
let controller: TestConsentController;
let running: Awaited<ReturnType<typeof startConsent>>;
let closing: (() => unknown)[];

beforeAll(async () => void (next = await createAuthority('next', Date.now())));
beforeEach(async () => {
  installation = await testInstallation();
  controller = new TestConsentController();
  running = await startConsent(installation, { controllers: [controller], routes });
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  await running.service.stop();
});

async function ofNext(name: CallerName, ca: string): Promise<TlsIdentity> {
  const { keyPem, requestPem } = await createSigningRequest(name);
  return { key: Buffer.from(keyPem), cert: Buffer.from(await issueCertificate(next, requestPem, name, Date.now())), ca: Buffer.from(ca) };
}
function write(folder: string, files: Partial<Record<'key' | 'cert' | 'ca', Uint8Array>>): Promise<unknown> {
  return Promise.all(Object.entries(files).map(([file, content]) => writeFile(join(folder, `${file}.pem`), content)));
}
const consentsFolder = () => join(installation.folder, 'consent', 'tls');
const thumbprint = ({ cert }: TlsIdentity) => thumbprintOf(new X509Certificate(cert).raw);
const fingerprint = ({ cert }: TlsIdentity) => new X509Certificate(cert).fingerprint256;

/** What makes each server speak: in TLS 1.3 a client learns only after its own handshake that it was refused. */
const greetings = { h2: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0', 'http/1.1': 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' } as const;

/** The certificate that a new connection to the port is shown; an error when it is refused. */
function shownAt(port: number, as: TlsIdentity, protocol: keyof typeof greetings = 'h2'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port, key: as.key, cert: as.cert, ca: as.ca, checkServerIdentity: () => undefined, ALPNProtocols: [protocol] });
  socket.on('secureConnect', () => socket.write(greetings[protocol]));
  socket.on('data', () => resolve(socket.getPeerCertificate().fingerprint256)).on('error', reject).on('close', () => reject(new Error('hung up')));
  return promise.finally(() => socket.destroy());
}
function whoAmI(as: TlsIdentity): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({ host: '127.0.0.1', port: running.service.ports.https, path: '/who', agent: false, key: as.key, cert: as.cert, ca: as.ca, checkServerIdentity: () => undefined });
  call.on('error', reject).on('response', (answer) => answer.on('data', (body) => resolve(String(body))));
  call.end();
  return promise;
}
async function until<Value>(what: () => Promise<Value> | Value, wanted: (value: Value) => boolean): Promise<void> {
  for (const endMs = performance.now() + 20_000; !wanted(await what()); await pause(50)) if (performance.now() > endMs) throw new Error('it did not come to that within 20 s');
}
const logged = (sentence: string) => until(() => running.lines.join(''), (lines) => lines.includes(sentence));
const inUse = 'a renewed certificate is in use';

/** Follows consent's feed, as audit does. */
function follow(tls: TlsIdentity) {
  const book = new ProgressBook();
  const troubles: Trouble[] = [];
  const feed = feedReader(running.address, rpcCredentials(tls, 'consent'));
  let checkpoint: Checkpoint = startingPoint;
  const consumer = { name: 'keeper', standing: async () => checkpoint, apply: async (_source: string, _events: unknown, at: Checkpoint) => ((checkpoint = at), { unknownTypes: 0 }) };
  const follower = followSource({ source: 'consent/0', consumer, book, clock: systemClock, reader: feed, onTrouble: (trouble) => troubles.push(trouble) });
  follower.start();
  closing.push(() => follower.stop().then(() => feed.close()));
  return { book, troubles, line: () => book.line('keeper', 'consent/0') };
}

describe('a service whose certificate is renewed while it runs', () => {
  it('shows the new one on both its ports from the next connection on; connections that are there go on', async () => {
    const caller = await installation.identityOf(audit);
    const { book, troubles, line } = follow(caller);
    expect(await book.waitFor('keeper', 'consent/0', 1, AbortSignal.timeout(5000))).toBe(true);
    const [before, renewed] = [fingerprint(running.identity), await installation.identityOf(consent)];
    const shown = () => Promise.all([shownAt(running.service.ports.grpc!, caller), shownAt(running.service.ports.https!, caller, 'http/1.1')]);
    expect(await shown()).toEqual([before, before]);
    await write(consentsFolder(), renewed);
    await logged(inUse);
    expect(await shown()).toEqual([fingerprint(renewed), fingerprint(renewed)]);
    const heardMs = line().lastHeardMs;
    await until(line, ({ lastHeardMs }) => lastHeardMs > heardMs + 1000);
    expect(troubles).toEqual([]);
    expect((await whoAmI(caller)).length).toBe(43);
  });

  it('refuses and logs a pair that does not fit, and goes on with the old one until it does', async () => {
    const caller = await installation.identityOf(audit);
    const renewed = await installation.identityOf(consent);
    await write(consentsFolder(), { cert: renewed.cert });
    await logged('a new certificate cannot be used; the one before goes on');
    expect(running.lines.join('')).toContain('key.pem is not the key of cert.pem');
    expect(await shownAt(running.service.ports.grpc!, caller)).toBe(fingerprint(running.identity));
    await write(consentsFolder(), { cert: renewed.cert.subarray(0, 200), key: renewed.key });
    await logged('cert.pem is no certificate, or not a whole one');
    expect(await shownAt(running.service.ports.grpc!, caller)).toBe(fingerprint(running.identity));
    await write(consentsFolder(), renewed);
    await logged(inUse);
    expect(await shownAt(running.service.ports.grpc!, caller)).toBe(fingerprint(renewed));
  });
});

describe('an authority that takes over from another', () => {
  it('is trusted beside it while both are in ca.pem, and alone when only it is', async () => {
    const old = await installation.identityOf(operator);
    const both = old.ca.toString() + next.certificatePem;
    const [newcomer, renewed] = [await ofNext(operator, both), await ofNext(consent, both)];
    await expect(whoAmI(newcomer)).rejects.toThrow();
    await write(consentsFolder(), { ca: Buffer.from(both) });
    await logged(inUse);
    expect((await whoAmI(newcomer)).length).toBe(43);
    expect((await whoAmI(old)).length).toBe(43);

    const client = rpcClient(ConsentServiceService, running.address, rpcCredentials({ ...old, ca: Buffer.from(both) }, 'consent'), { retries: 0 });
    closing.push(() => client.close());
    const call = () => client.registerAgreement({ idempotencyKey: 'a-key-of-at-least-16', agreementId: 'agreement', receiverId: 'bank' });
    await call();
    await write(consentsFolder(), renewed);
    await until(() => whoAmI({ ...old, ca: Buffer.from(both) }).then(() => shownAt(running.service.ports.grpc!, newcomer)), (shown) => shown === fingerprint(renewed));
    await write(consentsFolder(), { ca: Buffer.from(next.certificatePem) });
    await until(() => whoAmI({ ...old, ca: Buffer.from(both) }).then(() => 'taken', () => 'refused'), (answer) => answer === 'refused');
    expect((await whoAmI(newcomer)).length).toBe(43);
    // A connection that was there goes on until its certificate ends.
    await call();
  });
});

describe('a client whose certificate is renewed while it runs', () => {
  /** A folder whose certificate ends in six seconds, and the way to renew it. */
  async function liveIdentityOf(name: CallerName) {
    const folder = join(installation.folder, `tls-of-${name.id}`);
    await mkdir(folder);
    const ending = await installation.identityOf(name, 6 * secondInDays);
    await write(folder, ending);
    const tls = new LiveTlsIdentity(folder, { everyMs: 100 });
    closing.push(() => tls.close());
    const renew = async () => {
      const lasting = await installation.identityOf(name);
      const heard = new Promise<void>((resolve) => tls.onRenewed(resolve));
      await write(folder, lasting);
      await heard;
      return lasting;
    };
    return { ending, tls, renew };
  }

  it('is known by the new one at its next call, and neither its calls nor its streams end with the old one', async () => {
    const [audits, operators] = await Promise.all([liveIdentityOf(audit), liveIdentityOf(operator)]);
    const client = rpcClient(ConsentServiceService, running.address, rpcCredentials(operators.tls, 'consent'), { retries: 0 });
    closing.push(() => client.close());
    /** How the service knows who calls. */
    const knownBy = async () => {
      await client.registerAgreement({ idempotencyKey: 'a-key-of-at-least-16', agreementId: 'agreement', receiverId: 'bank' });
      return controller.seen.at(-1)!.caller.thumbprint;
    };
    const { book, troubles, line } = follow(audits.tls);
    expect(await book.waitFor('keeper', 'consent/0', 1, AbortSignal.timeout(5000))).toBe(true);
    expect(await knownBy()).toBe(thumbprint(operators.ending));

    const [, lasting] = await Promise.all([audits.renew(), operators.renew()]);
    expect(await knownBy()).toBe(thumbprint(lasting));
    expect(troubles).toEqual([]);

    const endsMs = Date.parse(new X509Certificate(audits.ending.cert).validTo);
    await until(line, ({ lastHeardMs }) => lastHeardMs > endsMs + 2000);
    expect(await knownBy()).toBe(thumbprint(lasting));
    // The stream ended with the certificate it began with, and was begun again with the new one.
    expect(troubles.map(({ kind, error }) => [kind, (error as { code?: string }).code])).toEqual([['retrying', 'call.unauthenticated']]);
    expect(line().parked).toBe(false);
  });
});
