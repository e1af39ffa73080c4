import { createHash, X509Certificate } from 'node:crypto';
import { Refused } from '@tillid/kernel';
import { callerUri, type CallerName, type CertifiedCaller, parseCallerUri } from '../caller.js';

/**
 * Who a certificate names. TLS has checked the chain by now; this checks the shape: exactly one URI, of ours, and beside
 * it nothing but DNS names and addresses. Throws Refused call.unauthenticated.
 */
export function callerFromCertificate(der: Uint8Array): CertifiedCaller {
  const certificate = parse(der);
  const name = certificate && !certificate.ca ? nameIn(certificate.subjectAltName ?? '') : undefined;
  if (!certificate || !name) throw new Refused('call.unauthenticated', 'unauthenticated');
  return { ...name, thumbprint: thumbprintOf(der), validUntilMs: Date.parse(certificate.validTo) };
}

/** x5t#S256 (RFC 8705): what a token's `cnf` holds. */
export function thumbprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}

/** For `checkServerIdentity` of a TLS client: the peer must be this one, whatever host name was dialled. */
export function expectPeer(expected: CallerName): (host: string, certificate: { readonly raw: Uint8Array }) => Error | undefined {
  const uri = callerUri(expected);
  return (_host, certificate) => {
    try {
      if (callerUri(callerFromCertificate(certificate.raw)) === uri) return undefined;
    } catch {
      // Not one of ours: the same answer as for the wrong one of ours.
    }
    return new Error(`the peer is not ${uri}`);
  };
}

/** Due when two thirds of its life are over: time enough for a failed renewal to be noticed and tried again. */
export function dueForRenewal(certificatePem: string, nowMs: number): boolean {
  const certificate = new X509Certificate(certificatePem);
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  return nowMs < from || nowMs >= from + ((until - from) * 2) / 3;
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** Node writes the names as "URI:tillid://service/audit, DNS:localhost" and puts in quotes whatever could pretend to be two. */
function nameIn(subjectAltName: string): CallerName | undefined {
  const names = subjectAltName.split(', ');
  if (!names.every((name) => /^(URI|DNS|IP Address):[A-Za-z0-9_.:/-]+$/.test(name))) return undefined;
  const uris = names.filter((name) => name.startsWith('URI:'));
  return uris.length === 1 ? parseCallerUri(uris[0]!.slice('URI:'.length)) : undefined;
}
