import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { TlsIdentity } from './credentials.js';

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const chainLengthMax = 5;

/**
 * Why an identity cannot take the place of the one in use; undefined when it can. It must be whole, its key its own, good
 * now, vouched for by an authority in its own ca.pem, and of the same one as before. Never a word of the key.
 */
export function whyNotUsable(next: TlsIdentity, before: TlsIdentity, nowMs: number): string | undefined {
  const [certificate, ...between] = certificatesIn(next.cert) ?? [];
  if (!certificate) return 'cert.pem is no certificate, or not a whole one';
  const authorities = certificatesIn(next.ca);
  if (!authorities) return 'ca.pem is no certificate, or not a whole one';
  const key = keyIn(next.key);
  if (!key) return 'key.pem is no private key, or not a whole one';
  if (!certificate.checkPrivateKey(key)) return 'key.pem is not the key of cert.pem';
  if (!isVouchedFor(certificate, between, authorities)) return 'cert.pem is of no authority in ca.pem';
  if (nowMs < Date.parse(certificate.validFrom) || nowMs >= Date.parse(certificate.validTo)) return `cert.pem is good from ${certificate.validFrom} to ${certificate.validTo}, which is not now`;
  const [previous] = certificatesIn(before.cert) ?? [];
  if (previous && uriIn(previous) !== uriIn(certificate)) return `cert.pem is of ${uriIn(certificate) || 'nobody'}, not of ${uriIn(previous)}`;
  return undefined;
}

/** Undefined for none, for one that cannot be read, and for anything that begins and does not end. */
function certificatesIn(pem: Uint8Array): X509Certificate[] | undefined {
  const text = Buffer.from(pem).toString('latin1');
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0 || text.replaceAll(block, '').includes('-----')) return undefined;
  try {
    return blocks.map((each) => new X509Certificate(each));
  } catch {
    return undefined;
  }
}

function keyIn(pem: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey(Buffer.from(pem));
  } catch {
    return undefined;
  }
}

/** Directly, or through those that come with it. */
function isVouchedFor(certificate: X509Certificate, between: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  for (let at: X509Certificate | undefined = certificate, length = 0; at && length < chainLengthMax; length++) {
    if (authorities.some((authority) => isIssuedBy(at!, authority))) return true;
    at = between.find((issuer) => issuer !== at && isIssuedBy(at!, issuer));
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function uriIn({ subjectAltName }: X509Certificate): string {
  return (subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:')).join(', ').replaceAll('URI:', '');
}
