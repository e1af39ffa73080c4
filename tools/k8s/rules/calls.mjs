// Who may reach whom in the network is who calls whom in the code: no door too few, and none too many.
import { calls, checksTokens, ports, serviceNames } from '../apps.mjs';
import { ofKind, selects } from '../manifests.mjs';

export function callsAgree(manifests) {
  const policies = ofKind(manifests, 'NetworkPolicy');
  const wanted = serviceNames.flatMap(wantedOf);
  const inward = new Set(serviceNames.flatMap((to) => openTo(policies, to)));
  const outward = new Set(serviceNames.flatMap((from) => openFrom(policies, from)));
  return [
    ...differences(wanted, inward, 'is not let in'),
    ...differences(wanted, outward, 'is not let out'),
    ...differences([...inward, ...outward], new Set(wanted), 'is open, and nothing in the code calls it'),
    ...closed(policies),
  ];
}

/** "identity -> consent:7403". The integrator is audit: its files are read by the other replicas of audit, over HTTPS. */
function wantedOf(from) {
  const grpc = calls[from].map((to) => `${from} -> ${to}:${ports[to].grpc}`);
  const keys = checksTokens(from) ? [`${from} -> authentication:${ports.authentication.https}`] : [];
  const files = from === 'audit' ? [`audit -> audit:${ports.audit.https}`] : [];
  return [...grpc, ...keys, ...files];
}

function openTo(policies, to) {
  return rulesFor(policies, to, 'ingress').flatMap(({ from = [], ports: open = [{ port: 'every port' }] }) => pairs(from, open).map(([peer, port]) => `${peer} -> ${to}:${port}`));
}

function openFrom(policies, from) {
  return rulesFor(policies, from, 'egress').flatMap(({ to = [], ports: open = [{ port: 'every port' }] }) => pairs(to, open).map(([peer, port]) => `${from} -> ${peer}:${port}`));
}

function rulesFor(policies, service, direction) {
  return policies.filter(({ spec }) => selects(spec.podSelector, { 'tillid-service': service })).flatMap(({ spec }) => spec[direction] ?? []);
}

/** Only doors between services; the database's and those to the outside are elsewhere. */
function pairs(peers, open) {
  const names = serviceNames.filter((service) => peers.some(({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector && selects(podSelector, { 'tillid-service': service })));
  return names.flatMap((name) => open.map(({ port }) => [name, port]));
}

function differences(these, those, complaint) {
  return [...new Set(these)].filter((edge) => !those.has(edge)).map((edge) => `${edge} ${complaint}`);
}

/** The two policies that everything stands on. */
function closed(policies) {
  const denies = (direction, labels) => policies.some(({ spec }) => spec.policyTypes.includes(direction) && (spec[direction.toLowerCase()] ?? []).length === 0 && selects(spec.podSelector, labels));
  return [denies('Ingress', {}) ? '' : 'no policy closes every pod to what comes in', denies('Egress', { 'tillid-service': 'audit' }) ? '' : 'no policy closes the services to what goes out'].filter(Boolean);
}
