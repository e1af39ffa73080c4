// What only the whole overlay shows.
import { containersOf, ofKind, workloads } from '../manifests.mjs';

export function renderedComplaints(overlay, manifests) {
  return [...images(overlay, manifests), ...secrets(manifests), ...elsewhere(manifests), ...hosts(manifests)];
}

/** A tag may be another image tomorrow. */
function images(overlay, manifests) {
  if (overlay === 'local') return [];
  const named = workloads(manifests).flatMap(containersOf).map(({ image }) => image);
  return [...new Set(named)].filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image)).map((image) => `${image} is no image by its digest`);
}

/** They are named where they are used; what is in them is never here. */
function secrets(manifests) {
  return ofKind(manifests, 'Secret').map(({ metadata }) => `Secret ${metadata.name} is in git`);
}

function elsewhere(manifests) {
  return manifests.filter(({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== 'tillid').map(({ kind, metadata }) => `${kind} ${metadata.name} is not in the namespace tillid`);
}

/** Whoever is sent to a name finds it in the certificate. */
function hosts(manifests) {
  const inCertificates = new Set(ofKind(manifests, 'Certificate').flatMap(({ spec }) => spec.dnsNames ?? []));
  const given = ofKind(manifests, 'Service').map(({ metadata }) => metadata.annotations?.['external-dns.alpha.kubernetes.io/hostname']).filter(Boolean);
  return given.filter((host) => !inCertificates.has(host)).map((host) => `${host} is in no certificate`);
}
