// Every variable in the manifests is a setting of the program that reads it, with a value it takes; and every setting is set, or
// its default is right, for a reason given here.
import { readConfig } from '../../../libs/runtime/dist/index.js';
import { settings } from '../apps.mjs';
import { containersOf, environmentOf, ofKind, workloads } from '../manifests.mjs';

/** For `migrate`, which touches only the database, and for the program that stays. */
export const defaultIsRight = {
  TILLID_LOG_LEVEL: 'info says what an operator acts on; more is for a pod at a time, by hand',
  TILLID_SOURCE_KEY_DAYS: 'a year; SECURITY.md, keys and secrets',
  TILLID_LEASE_MS: 'three seconds without a list are shorter than a rolling update; the same everywhere',
  TILLID_KAFKA_REPLICATION: 'three brokers, a copy each (local has one broker, and says so)',
  TILLID_KAFKA_RETENTION_HOURS: 'three days: a weekend without anybody; longer away is back-filled over gRPC',
  TILLID_HTTP_LISTEN: 'identity and consent have no public routes; nobody outside is sent to the integrator',
  TILLID_HTTPS_LISTEN: 'identity and consent have no routes',
  TILLID_AUDIT_TILES: 'the integrator has the files; identity, authentication and consent have no log of this kind',
  TILLID_IDENTITY_FOLDS_CACHED: '10 MB; what is hot in a service of two replicas fits',
  TILLID_IDENTITY_KEY_ENCRYPTION_KEY_DAYS: 'SECURITY.md, keys and secrets',
  TILLID_IDENTITY_KEY_RING_BACKUP_DAYS: 'SECURITY.md, keys and secrets: backups are kept 35 days',
  TILLID_HASHES_AT_ONCE: 'a pod asks for two cores',
  TILLID_HASH_PLACES_KNOWN: '143 hashes a second and pod (docs/benchmarks.md): 1.8 seconds in line at most',
  TILLID_HASH_PLACES_UNKNOWN: '143 hashes a second and pod: 3.6 seconds at most, within the deadline of a call',
  TILLID_SESSION_MINUTES: 'an hour; the policy of the house, not of a cluster',
  TILLID_OPEN_SIGN_INS_PER_CLIENT: 'counted per process; half of a peak at one bank for a minute is 7,800 (docs/scaling.md)',
  TILLID_SIGN_IN_UNRECORDED: 'sign-ins go on and are recorded late; the policy of the house',
  TILLID_SIGN_IN_UNRECORDED_SECONDS: 'how long a sign-in may wait for its record; the policy of the house',
  TILLID_CONSENT_FOLDS_CACHED: '20 MB; a consent that is shared often stays',
  TILLID_CONSENT_UNRECORDED_SHARE_SECONDS: 'how long data may be shared that nobody records; the policy of the house',
  TILLID_CONSENT_REFUSALS_RECORDED_PER_MINUTE: 'what a citizen can read; the policy of the house',
  TILLID_CHECKPOINT_INTERVAL_MS: 'a receipt within a second',
  TILLID_LOG_KEY_DAYS: 'never by itself: witnesses and holders of policies are told first; docs/operations.md',
  TILLID_LOG_KEY_OVERLAP_DAYS: 'thirty days to tell them in; SECURITY.md, keys and secrets',
  TILLID_WITNESS_POLICY: 'witnesses are other houses: theirs to offer, and named by whoever installs this (components/witnesses)',
  TILLID_WITNESS_INTERVAL_MS: 'a cosigned receipt within two seconds',
  TILLID_KAFKA_BROKERS: 'migrate makes no topics: Strimzi does',
};

export function settingsAgree(manifests) {
  return [...eachContainer(manifests), ...unread(manifests), ...idle()];
}

function eachContainer(manifests) {
  return workloads(manifests).flatMap((workload) =>
    containersOf(workload).flatMap((container) => {
      const where = `${workload.name}, container ${container.name}`;
      const own = settings[workload.service];
      const environment = environmentOf(manifests, container);
      const missing = Object.values(own).map(({ variable }) => variable).filter((variable) => environment[variable] === undefined && defaultIsRight[variable] === undefined);
      return [...problemsOf(own, environment).map((problem) => `${where}: ${problem}`), ...missing.map((variable) => `${where}: ${variable} is neither set nor among those whose default is right`)];
    }),
  );
}

function problemsOf(own, environment) {
  try {
    readConfig(own, environment);
    return [];
  } catch (error) {
    return error.problems ?? [String(error)];
  }
}

/** A map that no container reads, or one it reads and that is not there, is a mistake in a name. */
function unread(manifests) {
  const mounted = workloads(manifests).flatMap(({ pod }) => pod.volumes.flatMap(({ configMap }) => configMap?.name ?? []));
  const used = new Set([...mounted, ...workloads(manifests).flatMap(containersOf).flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef.name))]);
  const there = new Set(ofKind(manifests, 'ConfigMap').map(({ metadata }) => metadata.name));
  return [...[...there].filter((name) => !used.has(name)).map((name) => `ConfigMap ${name} is read by nobody`), ...[...used].filter((name) => !there.has(name)).map((name) => `ConfigMap ${name} is not there`)];
}

function idle() {
  const variables = new Set(Object.values(settings).flatMap((own) => Object.values(own).map(({ variable }) => variable)));
  return Object.keys(defaultIsRight).filter((variable) => !variables.has(variable)).map((variable) => `${variable} is said to have a right default, and is no setting of any program`);
}
