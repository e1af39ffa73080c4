// A service's certificate says what libs/crypto would have it say, and our own reader of certificates takes it for that service.
import 'reflect-metadata';
import { callerFromCertificate, callerUri, leafLifetimeDays } from '../../../libs/crypto/dist/index.js';
import { loadX509, newKeyPair, keyAlgorithm } from '../../../libs/crypto/dist/certificates/x509.js';
import { serviceNames } from '../apps.mjs';
import { named, ofKind } from '../manifests.mjs';

const callersOwn = /^tillid:/;

export async function certificatesAgree(manifests) {
  const each = await Promise.all(serviceNames.map((service) => ofService(manifests, service)));
  const others = ofKind(manifests, 'Certificate').filter(({ metadata }) => !serviceNames.includes(metadata.name));
  const posing = others.filter(({ spec }) => spec.uris?.some((uri) => callersOwn.test(uri)) || spec.subject?.organizationalUnits?.includes('service'));
  return [...each.flat(), ...posing.map(({ metadata }) => `Certificate ${metadata.name} names a caller, and is no service's`)];
}

async function ofService(manifests, service) {
  const certificate = named(manifests, 'Certificate', service);
  if (!certificate) return [`there is no Certificate ${service}`];
  const { secretName, issuerRef, subject, commonName, uris, duration, renewBefore, privateKey, usages } = certificate.spec;
  const wanted = {
    secretName: `${service}-tls`,
    issuer: 'Issuer tillid',
    subject: `OU=service, CN=${service}`,
    uris: callerUri({ kind: 'service', id: service }),
    duration: `${leafLifetimeDays * 24}h`,
    // Two thirds through, as on one machine.
    renewBefore: `${leafLifetimeDays * 8}h`,
    key: 'ECDSA 256 PKCS8',
    usages: 'client auth, digital signature, server auth',
  };
  const found = {
    secretName,
    issuer: `${issuerRef.kind} ${issuerRef.name}`,
    subject: `OU=${subject?.organizationalUnits}, CN=${commonName}`,
    uris: uris?.join(),
    duration,
    renewBefore,
    key: `${privateKey.algorithm} ${privateKey.size} ${privateKey.encoding}`,
    usages: usages.toSorted().join(', '),
  };
  const wrong = Object.keys(wanted).filter((field) => found[field] !== wanted[field]).map((field) => `Certificate ${service}: ${field} is ${found[field]}, not ${wanted[field]}`);
  return [...wrong, ...(await readAs(service, certificate.spec))];
}

/** Such a certificate, issued and read. */
async function readAs(service, { uris = [], dnsNames = [], ipAddresses = [] }) {
  const x509 = await loadX509();
  const names = [...uris.map((value) => ({ type: 'url', value })), ...dnsNames.map((value) => ({ type: 'dns', value })), ...ipAddresses.map((value) => ({ type: 'ip', value }))];
  const issued = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=x', keys: await newKeyPair(), signingAlgorithm: keyAlgorithm, extensions: [new x509.SubjectAlternativeNameExtension(names)] });
  try {
    const { kind, id } = callerFromCertificate(Buffer.from(issued.rawData));
    return kind === 'service' && id === service ? [] : [`Certificate ${service} is read as ${kind} ${id}`];
  } catch (error) {
    return [`Certificate ${service} is read as nobody's: ${error.code ?? error.message}`];
  }
}
