// What the programs themselves say that the manifests must agree with: settings, ports, who calls whom, names of metrics.
// Reads what the build made of them; run it after a build.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricNames, metricPrefix, serviceNames } from '../../libs/runtime/dist/index.js';
import { addressesFrom, defaultPortBase } from '../../apps/tillid/dist/installation/addresses.js';
import { auditStorePlan } from '../../apps/audit/dist/audit.stores.js';
import { authenticationStorePlan } from '../../apps/authentication/dist/authentication.stores.js';
import { consentStorePlan } from '../../apps/consent/dist/consent.stores.js';
import { identityStorePlan } from '../../apps/identity/dist/identity.stores.js';
import { auditConfig } from '../../apps/audit/dist/audit.config.js';
import { sources as auditSources } from '../../apps/audit/dist/domain/audit.events.js';
import { authenticationConfig } from '../../apps/authentication/dist/authentication.config.js';
import { consentConfig } from '../../apps/consent/dist/consent.config.js';
import { identityConfig } from '../../apps/identity/dist/identity.config.js';

const root = join(import.meta.dirname, '../..');
const known = { identity: identityConfig, authentication: authenticationConfig, consent: consentConfig, audit: auditConfig };

export { serviceNames };

/** Per service its settings, as it declares them. */
export const settings = known;

/** Per service the databases of its own adapters, beside the two that every service has. */
export const ownDatabases = mapValues({ identity: identityStorePlan, authentication: authenticationStorePlan, consent: consentStorePlan, audit: auditStorePlan }, ({ own = [] }) => own.map(({ database }) => database));

/** Per service: { grpc, http?, https? }, as a local installation of the default ports has them. */
export const ports = Object.fromEntries(
  addressesFrom(defaultPortBase).replicas.map(({ service, grpc, http, https }) => [service, mapValues({ grpc, http, https }, (address) => address && Number(address.split(':').at(-1)))]),
);

/** Per service the services whose events it takes in. */
export const readsFrom = mapValues(known, (_config, service) => (service === 'audit' ? auditSources.map((source) => source.split('/')[0]) : called(service, /\bsourceOf\('(\w+)'\)/g)));

/** Per service the services it calls over gRPC. Whoever checks citizens' tokens asks authentication about them. */
export const calls = mapValues(known, (_config, service) => {
  const asked = [...called(service, /\bpeer\('(\w+)'/g), ...readsFrom[service], ...(checksTokens(service) ? ['authentication'] : []), ...(asksForItsTail(service) ? ['audit'] : [])];
  return [...new Set(asked)].filter((peer) => peer !== service || service === 'audit');
});

/** Whoever is started asks audit whether its log is shorter than the record of it (libs/service/src/restore). */
function asksForItsTail(service) {
  return /\brestoring:/.test(readFileSync(join(root, `apps/${service}/src/main.ts`), 'utf8'));
}

/** authentication knows its own tokens; the others fetch its keys over HTTPS. */
export function checksTokens(service) {
  return service !== 'authentication';
}

/** Names as Prometheus has them: dots become underscores, counters end in _total, units are not appended. */
export const prometheusMetrics = new Set(
  [...Object.values(metricNames), ...counterNames().map((name) => metricPrefix + name)].map((name) => name.replaceAll('.', '_')).flatMap((name) => [name, `${name}_total`, `${name}_count`, `${name}_sum`, `${name}_bucket`]),
);

/** A type has no value to import: its text is read. */
function counterNames() {
  const text = readFileSync(join(root, 'libs/eventsourcing/src/telemetry.ts'), 'utf8');
  return [...(/type CounterName =([^;]+);/.exec(text)?.[1] ?? '').matchAll(/'([\w.]+)'/g)].map(([, name]) => name);
}

function called(service, pattern) {
  const files = globSync(`apps/${service}/src/**/*.ts`, { cwd: root }).filter((file) => !file.endsWith('.spec.ts'));
  return [...new Set(files.flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].map(([, peer]) => peer)))];
}

function mapValues(record, of) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
}
