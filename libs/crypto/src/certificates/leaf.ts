import { callerUri, type CallerName } from '../caller.js';
import type { Authority } from './authority.js';
import { backdatedMs, dayMs, keyAlgorithm, loadX509, newKeyPair, privateKeyFrom, privateKeyPem } from './x509.js';

/** A key that stays where it was made, and the request (PKCS #10) that goes to the authority. */
export interface SigningRequest {
  readonly keyPem: string;
  readonly requestPem: string;
}

export const leafLifetimeDays = 90;

export async function createSigningRequest(name: CallerName): Promise<SigningRequest> {
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(name),
    keys,
    signingAlgorithm: keyAlgorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: callerUri(name) }])],
  });
  return { keyPem: await privateKeyPem(keys.privateKey), requestPem: `${request.toString('pem').trim()}\n` };
}

/**
 * For those who know callers by their subject alone, as Kafka does: it must hold the kind, or whoever registers under the
 * id of a service would be that service. Read from its end, as X.500 wants: "CN=audit,OU=service".
 */
function subjectOf({ kind, id }: CallerName): string {
  return `OU=${kind}, CN=${id}`;
}

/**
 * A certificate for the key of a request. Of the request only the key counts: the name is what the authority says it
 * is, and a request that asks for another one, or was not signed by its own key, is refused.
 * Services also get their id, localhost and 127.0.0.1, for programs that look where they called; who they are is still the URI alone.
 */
export async function issueCertificate(authority: Authority, requestPem: string, name: CallerName, nowMs: number, lifetimeDays = leafLifetimeDays): Promise<string> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const uri = callerUri(name);
  if (!(await request.verify())) throw new Error('the signing request is not signed by its own key');
  const algorithm = request.publicKey.algorithm as { name: string; namedCurve?: string };
  if (algorithm.name !== 'ECDSA' || algorithm.namedCurve !== 'P-256') throw new Error('the signing request has a key other than ECDSA P-256');
  const asked = request.extensions.filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension).flatMap((extension) => extension.names.items.map((item) => item.value));
  if (asked.length !== 1 || asked[0] !== uri) throw new Error(`the signing request asks for ${asked.join(', ') || 'no name'}, not for ${uri}`);

  const local = name.kind === 'service' ? ([{ type: 'dns', value: name.id }, { type: 'dns', value: 'localhost' }, { type: 'ip', value: '127.0.0.1' }] as const) : [];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: subjectOf(name),
    issuer: issuer.subject,
    publicKey: request.publicKey,
    signingKey: await privateKeyFrom(authority.keyPem),
    signingAlgorithm: keyAlgorithm,
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(Math.min(nowMs + lifetimeDays * dayMs, issuer.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // Both sides: a service is a client of the others, and the peer is told by its name, not by its role.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }, ...local]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
    ],
  });
  return `${certificate.toString('pem').trim()}\n`;
}
