import 'reflect-metadata';
import { webcrypto } from 'node:crypto';

/** Loaded only where certificates are made: a running service reads them with node:crypto and never pays for this. */
export async function loadX509() {
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
}

export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
export const dayMs = 24 * 60 * 60 * 1000;
/** Clocks of two machines may differ by this much: a certificate is good from a little before it was made. */
export const backdatedMs = 5 * 60 * 1000;

export function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

export function privateKeyFrom(pem: string): Promise<webcrypto.CryptoKey> {
  const base64 = pem.replace(/-----[A-Z ]+-----|\s/g, '');
  return webcrypto.subtle.importKey('pkcs8', Buffer.from(base64, 'base64'), keyAlgorithm, true, ['sign']);
}
