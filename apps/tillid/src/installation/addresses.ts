import { serviceNames, type ServiceName } from '@tillid/runtime';

export const host = '127.0.0.1';
export const defaultPortBase = 7400;

/** Every port of an installation follows from one number. */
export interface Addresses {
  readonly grpc: Readonly<Record<ServiceName, string>>;
  /** Public routes, plain HTTP: the key set, the log. */
  readonly http: Readonly<Partial<Record<ServiceName, string>>>;
  /** All routes, by client certificate. */
  readonly https: Readonly<Partial<Record<ServiceName, string>>>;
}

export function addressesFrom(portBase: number): Addresses {
  const at = (offset: number) => `${host}:${portBase + offset}`;
  const grpc = Object.fromEntries(serviceNames.map((name, index) => [name, at(index + 1)])) as Record<ServiceName, string>;
  return { grpc, http: { authentication: at(12), audit: at(14) }, https: { authentication: at(22), audit: at(24) } };
}

export function allOf({ grpc, http, https }: Addresses): readonly string[] {
  return [grpc, http, https].flatMap((addresses) => Object.values(addresses));
}

/** Where authentication serves the public keys of its tokens. */
export function jwksUrlOf(addresses: Addresses): string {
  return `https://${addresses.https.authentication}/.well-known/jwks.json`;
}
