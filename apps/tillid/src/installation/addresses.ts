import { serviceNames, type ServiceName } from '@tillid/runtime';

export const host = '127.0.0.1';
export const defaultPortBase = 7400;
export const mostReplicas = 2;

/** One process of a service, and where it listens. */
export interface Replica {
  /** "identity" when it is the only one, else "identity-1". */
  readonly name: string;
  readonly service: ServiceName;
  readonly grpc: string;
  /** Public routes, plain HTTP: the key set, the log. */
  readonly http: string | undefined;
  /** All routes, by client certificate. */
  readonly https: string | undefined;
}

/** Every port of an installation follows from one number. */
export interface Addresses {
  readonly replicas: readonly Replica[];
  /** Of all replicas of a service, by commas. */
  readonly grpc: Readonly<Record<ServiceName, string>>;
}

/** Ports of a replica lie this far from those of the one before it. */
const step = 30;
const httpOffset = 10;
const httpsOffset = 20;
/** From the port base to the highest port in use. */
export const portSpan = (mostReplicas - 1) * step + httpsOffset + serviceNames.length;

const withHttp: ReadonlySet<ServiceName> = new Set(['authentication', 'audit']);

export function addressesFrom(portBase: number, replicasEach = 1): Addresses {
  const replicas = serviceNames.flatMap((service, index) =>
    Array.from({ length: replicasEach }, (_, number): Replica => {
      const at = (offset: number) => `${host}:${portBase + number * step + offset + index + 1}`;
      const http = (offset: number) => (withHttp.has(service) ? at(offset) : undefined);
      return { name: replicasEach === 1 ? service : `${service}-${number + 1}`, service, grpc: at(0), http: http(httpOffset), https: http(httpsOffset) };
    }),
  );
  const grpc = Object.fromEntries(serviceNames.map((name) => [name, replicas.filter(({ service }) => service === name).map((replica) => replica.grpc).join()])) as Record<ServiceName, string>;
  return { replicas, grpc };
}

export function allOf({ replicas }: Addresses): readonly string[] {
  return replicas.flatMap(({ grpc, http, https }) => [grpc, http, https].filter((address) => address !== undefined));
}

/** The first replica: where people and programs outside are sent. */
export function firstOf({ replicas }: Addresses, name: ServiceName): Replica {
  return replicas.find(({ service }) => service === name)!;
}

/** Where authentication serves the public keys of its tokens, at each replica. */
export function jwksUrlsOf({ replicas }: Addresses): readonly string[] {
  return replicas.filter(({ service }) => service === 'authentication').map(({ https }) => `https://${https}/.well-known/jwks.json`);
}
