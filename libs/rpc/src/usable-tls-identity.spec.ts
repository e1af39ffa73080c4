import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TlsIdentity } from './credentials.js';
import { whyNotUsable } from './usable-tls-identity.js';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
interface Issued {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
  readonly pem: string;
}
let root: Issued;
let between: Issued;
let leaf: Issued;
let leafKey: string;

async function issue(subject: string, by?: Issued): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const isLeaf = subject === 'leaf';
  const extensions = [
    new x509.BasicConstraintsExtension(!isLeaf, undefined, true),
    ...(isLeaf ? [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: 'tillid://service/consent' }])] : [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)]),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${subject}`, issuer: by?.certificate.subject ?? `CN=${subject}`, publicKey: keys.publicKey, signingKey: (by?.keys ?? keys).privateKey, signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000), extensions,
  });
  return { keys, certificate, pem: `${certificate.toString('pem')}\n` };
}

beforeAll(async () => {
  x509.cryptoProvider.set(webcrypto as never);
  root = await issue('root');
  between = await issue('between', root);
  leaf = await issue('leaf', between);
  leafKey = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leaf.keys.privateKey)).toString('base64')}\n-----END PRIVATE KEY-----\n`;
});

describe('an identity from an authority that signs through another', () => {
  const identity = (cert: string, ca: string): TlsIdentity => ({ key: Buffer.from(leafKey), cert: Buffer.from(cert), ca: Buffer.from(ca) });
  const why = (cert: string, ca: string) => whyNotUsable(identity(cert, ca), identity(cert, ca), Date.now());

  it('is good when it brings what is between, or the other is trusted itself', () => {
    expect(why(leaf.pem + between.pem, root.pem)).toBeUndefined();
    expect(why(leaf.pem, between.pem)).toBeUndefined();
    expect(why(leaf.pem, root.pem + between.pem)).toBeUndefined();
  });

  it('is not good when a link is missing, or only its name is right', async () => {
    expect(why(leaf.pem, root.pem)).toBe('cert.pem is of no authority in ca.pem');
    expect(why(leaf.pem + root.pem, root.pem)).toBe('cert.pem is of no authority in ca.pem');
    const impostor = await issue('between', root);
    expect(why(leaf.pem + impostor.pem, root.pem)).toBe('cert.pem is of no authority in ca.pem');
  });
});
