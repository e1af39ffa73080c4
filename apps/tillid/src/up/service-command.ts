import { join, resolve } from 'node:path';
import { serviceNames } from '@tillid/runtime';
import { type Addresses, jwksUrlsOf, type Replica } from '../installation/addresses.js';
import { checkout, type DataFolder } from '../installation/data-folder.js';
import type { Installation } from '../installation/installation.js';
import { RotatingLog } from './rotating-log.js';
import type { ServiceCommand } from './service-process.js';

const dieWithParent = join(import.meta.dirname, 'die-with-parent.js');

/** Where the engines are. */
export interface Engines {
  /** Unset: stores are files. */
  readonly mongoUrl?: string;
  readonly kafkaBrokers: readonly string[];
  /** How many brokers hold each record. */
  readonly kafkaReplication: number;
}

export function serviceCommand(replica: Replica, data: DataFolder, installation: Installation, addresses: Addresses, engines?: Engines): ServiceCommand {
  return {
    name: replica.name,
    arguments: ['--import', dieWithParent, '--enable-source-maps', join(checkout, 'apps', replica.service, 'dist', 'main.js')],
    environment: { ...inherited(), ...serviceEnvironment(replica, data, installation, addresses, engines) },
    log: new RotatingLog(data.replicaLog(replica.name)),
  };
}

/** What a house decides of a record that stands still. */
const unrecordedPolicies: Partial<Record<Replica['service'], readonly string[]>> = {
  authentication: ['TILLID_SIGN_IN_UNRECORDED', 'TILLID_SIGN_IN_UNRECORDED_SECONDS'],
  consent: ['TILLID_CONSENT_UNRECORDED_SHARE_SECONDS'],
};

/** What a service is told: where its own things are, where it listens, where the others are. */
export function serviceEnvironment({ name, service, grpc, http, https }: Replica, data: DataFolder, installation: Installation, addresses: Addresses, engines?: Engines): Record<string, string> {
  const environment: Record<string, string> = {
    TILLID_DATA: data.service(service),
    TILLID_TLS: data.tls(service),
    TILLID_GRPC_LISTEN: grpc,
    TILLID_JWKS_URL: jwksUrlsOf(addresses).join(),
    TILLID_ORIGIN: installation.origin,
    TILLID_LOG_LEVEL: process.env['TILLID_LOG_LEVEL'] ?? 'info',
  };
  const witnessPolicy = process.env['TILLID_WITNESS_POLICY'];
  if (service === 'audit' && witnessPolicy) environment['TILLID_WITNESS_POLICY'] = resolve(witnessPolicy);
  for (const policy of unrecordedPolicies[service] ?? []) if (process.env[policy]) environment[policy] = process.env[policy];
  for (const setting of ['TILLID_LOG_KEY_DAYS', 'TILLID_LOG_KEY_OVERLAP_DAYS']) if (service === 'audit' && process.env[setting]) environment[setting] = process.env[setting];
  if (http) environment['TILLID_HTTP_LISTEN'] = http;
  if (https) environment['TILLID_HTTPS_LISTEN'] = https;
  for (const peer of serviceNames) environment[`TILLID_${peer.toUpperCase()}`] = addresses.grpc[peer];
  if (engines?.mongoUrl !== undefined) {
    environment['TILLID_REPLICA'] = name;
    environment['TILLID_MONGO_URL'] = engines.mongoUrl;
    environment['TILLID_SECRETS_KEY'] = data.secretsKey(service);
  }
  if (engines) {
    environment['TILLID_KAFKA_BROKERS'] = engines.kafkaBrokers.join();
    environment['TILLID_KAFKA_REPLICATION'] = String(engines.kafkaReplication);
  }
  return environment;
}

/** Everything but our own settings: a service refuses a TILLID_ variable that it does not know. OTEL_* passes through. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('TILLID_'));
  return Object.fromEntries(entries);
}
