import { X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CallerName } from '../caller.js';
import { type Authority, createAuthority } from './authority.js';
import { createSigningRequest, issueCertificate, type SigningRequest } from './leaf.js';
import { callerFromCertificate, dueForRenewal, expectPeer } from './read.js';
import { dayMs, keyAlgorithm, loadX509, newKeyPair } from './x509.js';

const audit: CallerName = { kind: 'service', id: 'audit' };
const bank: CallerName = { kind: 'relying_service', id: 'fjordbanken' };
const nowMs = Date.now();
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority('test', nowMs);
});

async function leaf(name: CallerName, from = authority): Promise<SigningRequest & { certificatePem: string; der: Buffer }> {
  const request = await createSigningRequest(name);
  const certificatePem = await issueCertificate(from, request.requestPem, name, nowMs);
  return { ...request, certificatePem, der: new X509Certificate(certificatePem).raw };
}

describe('a certificate of the installation', () => {
  it('is signed by the authority, names one caller and fits its key', async () => {
    const { certificatePem, der } = await leaf(bank);
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    const validUntilMs = Math.floor(nowMs / 1000) * 1000 + 90 * dayMs;
    expect(callerFromCertificate(der)).toEqual({ ...bank, thumbprint: Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'), validUntilMs });
    expect(callerFromCertificate((await leaf(audit)).der)).toEqual({ ...audit, thumbprint: expect.any(String), validUntilMs });
  });

  it('says the kind in its subject too: a relying service that calls itself audit is not audit to those who read only that', async () => {
    const subjects = [audit, { kind: 'relying_service', id: 'audit' } as const].map(async (name) => new X509Certificate((await leaf(name)).der).subject);
    expect(await Promise.all(subjects)).toEqual(['OU=service\nCN=audit', 'OU=relying_service\nCN=audit']);
  });

  it('is refused for a request that asks for another name, has another signature or no name at all', async () => {
    const { requestPem } = await createSigningRequest(bank);
    await expect(issueCertificate(authority, requestPem, audit, nowMs)).rejects.toThrow('asks for tillid://relying_service/fjordbanken');
    const der = Buffer.from(requestPem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
    der[der.length - 1]! ^= 1;
    const broken = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(issueCertificate(authority, broken, bank, nowMs)).rejects.toThrow();
    const x509 = await loadX509();
    const nameless = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=fjordbanken', keys: await newKeyPair(), signingAlgorithm: keyAlgorithm });
    await expect(issueCertificate(authority, nameless.toString('pem'), bank, nowMs)).rejects.toThrow('asks for no name');
  });

  it('is due for renewal after two thirds of its life, and when it is from the future', async () => {
    const { certificatePem } = await leaf(audit);
    expect(dueForRenewal(certificatePem, nowMs)).toBe(false);
    expect(dueForRenewal(certificatePem, nowMs + 59 * dayMs)).toBe(false);
    expect(dueForRenewal(certificatePem, nowMs + 60 * dayMs)).toBe(true);
    expect(dueForRenewal(certificatePem, nowMs - dayMs)).toBe(true);
  });

  it('never outlives its authority', async () => {
    const { requestPem } = await createSigningRequest(bank);
    const issued = new X509Certificate(await issueCertificate(authority, requestPem, bank, nowMs, 100_000));
    expect(Date.parse(issued.validTo)).toBe(Date.parse(new X509Certificate(authority.certificatePem).validTo));
  });
});

describe('who a certificate names', () => {
  type Names = readonly { readonly type: 'url' | 'dns' | 'ip' | 'email'; readonly value: string }[];
  async function named(names: Names): Promise<Buffer> {
    const x509 = await loadX509();
    const extensions = names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])];
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=x', keys: await newKeyPair(), signingAlgorithm: keyAlgorithm, extensions });
    return Buffer.from(certificate.rawData);
  }
  const uri = (value: string) => ({ type: 'url', value }) as const;

  it.each<[string, Names]>([
    ['no name', []],
    ['no URI', [{ type: 'dns', value: 'localhost' }]],
    ['two URIs', [uri('tillid://service/audit'), uri('tillid://service/consent')]],
    ['an e-mail address beside it', [uri('tillid://service/audit'), { type: 'email', value: 'a@b.dk' }]],
    ['another scheme', [uri('https://service/audit')]],
    ['an unknown kind', [uri('tillid://king/audit')]],
    ['a longer path', [uri('tillid://service/audit/x')]],
    ['a port', [uri('tillid://service:1/audit')]],
    ['capitals', [uri('tillid://service/Audit')]],
    ['an id of one letter', [uri('tillid://service/a')]],
    ['an id of 41 letters', [uri(`tillid://service/${'a'.repeat(41)}`)]],
    ['a query', [uri('tillid://service/audit?x=1')]],
    ['a name that pretends to be two', [uri('tillid://service/audit, URI:tillid://service/consent')]],
    ['a DNS name that pretends to be a URI', [{ type: 'dns', value: 'x, URI:tillid://service/audit' }]],
    ['a line end', [uri('tillid://service/audit\n')]],
  ])('is nobody: %s', async (_what, names) => {
    const der = await named(names);
    expect(() => callerFromCertificate(der)).toThrow('call.unauthenticated');
  });

  it('is nobody when it is the authority itself, or no certificate', () => {
    expect(() => callerFromCertificate(new X509Certificate(authority.certificatePem).raw)).toThrow('call.unauthenticated');
    expect(() => callerFromCertificate(Buffer.from('hello'))).toThrow('call.unauthenticated');
  });
});

describe('two ends of a connection', () => {
  async function connection(serverName: CallerName, options: { expected: CallerName; clientAuthority?: Authority }): Promise<string> {
    const [server, client] = [await leaf(serverName), await leaf(bank, options.clientAuthority)];
    const listener = createServer(
      { key: server.keyPem, cert: server.certificatePem, ca: authority.certificatePem, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
      (socket) => socket.end(callerFromCertificate((socket.getPeerX509Certificate() as X509Certificate).raw).id),
    );
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    try {
      return await new Promise<string>((resolve, reject) => {
        const { port } = listener.address() as { port: number };
        const socket: TLSSocket = connect({ port, host: '127.0.0.1', key: client.keyPem, cert: client.certificatePem, ca: authority.certificatePem, checkServerIdentity: expectPeer(options.expected) });
        let heard = '';
        socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
        // In TLS 1.3 a client learns only after its own handshake that it was refused.
        socket.on('end', () => (heard === '' ? reject(new Error('hung up')) : resolve(heard))).on('error', reject);
      });
    } finally {
      listener.close();
    }
  }

  it('know each other by name', async () => {
    expect(await connection(audit, { expected: audit })).toBe('fjordbanken');
  });

  it('refuse the wrong one of ours: a relying service cannot pose as audit', async () => {
    await expect(connection(bank, { expected: audit })).rejects.toThrow('the peer is not tillid://service/audit');
    await expect(connection({ kind: 'service', id: 'consent' }, { expected: audit })).rejects.toThrow('the peer is not');
  });

  it('refuse a certificate of another authority', async () => {
    await expect(connection(audit, { expected: audit, clientAuthority: await createAuthority('other', nowMs) })).rejects.toThrow();
  });
});
