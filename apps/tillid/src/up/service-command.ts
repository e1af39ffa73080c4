import { join } from 'node:path';
import { serviceNames, type ServiceName } from '@tillid/runtime';
import { type Addresses, jwksUrlOf } from '../installation/addresses.js';
import { checkout, type DataFolder } from '../installation/data-folder.js';
import type { Installation } from '../installation/installation.js';
import { RotatingLog } from './rotating-log.js';
import type { ServiceCommand } from './service-process.js';

const dieWithParent = join(import.meta.dirname, 'die-with-parent.js');

export function serviceCommand(name: ServiceName, data: DataFolder, installation: Installation, addresses: Addresses): ServiceCommand {
  return {
    name,
    arguments: ['--import', dieWithParent, '--enable-source-maps', join(checkout, 'apps', name, 'dist', 'main.js')],
    environment: { ...inherited(), ...serviceEnvironment(name, data, installation, addresses) },
    log: new RotatingLog(data.serviceLog(name)),
  };
}

/** What a service is told: where its own things are, where it listens, where the others are. */
export function serviceEnvironment(name: ServiceName, data: DataFolder, installation: Installation, addresses: Addresses): Record<string, string> {
  const environment: Record<string, string> = {
    TILLID_DATA: data.service(name),
    TILLID_TLS: data.tls(name),
    TILLID_GRPC_LISTEN: addresses.grpc[name],
    TILLID_JWKS_URL: jwksUrlOf(addresses),
    TILLID_ORIGIN: installation.origin,
    TILLID_LOG_LEVEL: process.env['TILLID_LOG_LEVEL'] ?? 'info',
  };
  const { [name]: http } = addresses.http;
  const { [name]: https } = addresses.https;
  if (http) environment['TILLID_HTTP_LISTEN'] = http;
  if (https) environment['TILLID_HTTPS_LISTEN'] = https;
  for (const peer of serviceNames) environment[`TILLID_${peer.toUpperCase()}`] = addresses.grpc[peer];
  return environment;
}

/** Everything but our own settings: a service refuses a TILLID_ variable that it does not know. OTEL_* passes through. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('TILLID_'));
  return Object.fromEntries(entries);
}
