// A caller's signing request as a CertificateRequest for the cluster's authority: `node tools/k8s/caller-request.mjs request.pem
// relying_service fjordbanken | kubectl -n tillid apply -f -`. cert-manager signs what a request asks for; so it is looked at here
// first, and refused unless it asks for exactly the name that the operator says, as libs/crypto would.
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { callerUri, leafLifetimeDays } from '../../libs/crypto/dist/index.js';
import { loadX509 } from '../../libs/crypto/dist/certificates/x509.js';

/** The manifest, or an Error that says what the request asks for instead. */
export async function certificateRequestFor(requestPem, { kind, id }) {
  if (kind === 'service') throw new Error('services have Certificates of their own in k8s/base');
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  if (!(await request.verify())) throw new Error('the request is not signed by its own key');
  const { name: algorithm, namedCurve } = request.publicKey.algorithm;
  const names = request.extensions.filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension).flatMap((extension) => extension.names.items.map(({ type, value }) => `${type}:${value}`));
  const asked = { key: `${algorithm} ${namedCurve}`, subject: request.subject, names: names.join(), 'other extensions': String(request.extensions.length - 1) };
  const wanted = { key: 'ECDSA P-256', subject: `OU=${kind}, CN=${id}`, names: `url:${callerUri({ kind, id })}`, 'other extensions': '0' };
  for (const [what, value] of Object.entries(wanted)) if (asked[what] !== value) throw new Error(`${what} asked for: ${asked[what]}; allowed: ${value}`);
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: { generateName: `${kind.replaceAll('_', '-')}-${id}-` },
    spec: { request: Buffer.from(requestPem).toString('base64'), issuerRef: { kind: 'Issuer', name: 'tillid' }, duration: `${leafLifetimeDays * 24}h`, usages: ['digital signature', 'server auth', 'client auth'] },
  };
}

if (import.meta.main) {
  const [file, kind, id] = process.argv.slice(2);
  try {
    process.stdout.write(stringify(await certificateRequestFor(readFileSync(file, 'utf8'), { kind, id })));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
