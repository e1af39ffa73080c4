import { accessRules } from '@tillid/contracts/access';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { AuthenticationServiceService } from '@tillid/contracts/authentication/v1/service';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { type CallerName, newSecret, systemIds } from '@tillid/crypto';
import { readTlsIdentity, type RpcClient, rpcClient, rpcCredentials, type RpcOptions, type ServiceDefinition } from '@tillid/rpc';
import { type ServiceName, serviceNames } from '@tillid/runtime';

/** Someone with a certificate, and what they can call: the system as it looks from outside. */
export interface Party {
  readonly name: CallerName;
  readonly identity: RpcClient<typeof IdentityServiceService>;
  readonly authentication: RpcClient<typeof AuthenticationServiceService>;
  readonly consent: RpcClient<typeof ConsentServiceService>;
  readonly audit: RpcClient<typeof AuditServiceService>;
  readonly feeds: Readonly<Record<ServiceName, RpcClient<typeof FeedServiceService>>>;
  close(): void;
}

/** One call as it is about to be made; `send` makes it, and may be called again with the same request. */
export interface OutgoingCall {
  readonly caller: CallerName;
  /** "/tillid.consent.v1.ConsentService/GrantConsent". */
  readonly rpc: string;
  readonly request: { readonly idempotencyKey?: string };
  readonly send: (options?: RpcOptions) => Promise<unknown>;
}

/** Sees every unary call of a party. */
export type Around = (call: OutgoingCall) => Promise<unknown>;

const plainly: Around = (call) => call.send();

export function partyOf(name: CallerName, tlsFolder: string, grpc: Readonly<Record<ServiceName, string>>, around: Around = plainly): Party {
  const tls = readTlsIdentity(tlsFolder);
  const open: { close(): void }[] = [];
  const client = <Service extends ServiceDefinition>(service: Service, peer: ServiceName): RpcClient<Service> => {
    const made = rpcClient(service, grpc[peer], rpcCredentials(tls, peer));
    open.push(made);
    return watched(made, service, name, around);
  };
  return {
    name,
    identity: client(IdentityServiceService, 'identity'),
    authentication: client(AuthenticationServiceService, 'authentication'),
    consent: client(ConsentServiceService, 'consent'),
    audit: client(AuditServiceService, 'audit'),
    feeds: Object.fromEntries(serviceNames.map((peer) => [peer, client(FeedServiceService, peer)])) as Party['feeds'],
    close: () => open.forEach((made) => made.close()),
  };
}

/** The same client: each call that changes anything gets an idempotency key if it has none, and goes through `around`. */
function watched<Service extends ServiceDefinition>(client: RpcClient<Service>, service: Service, caller: CallerName, around: Around): RpcClient<Service> {
  type Send = (request: object, options?: RpcOptions) => Promise<unknown>;
  const methods = Object.entries(service).map(([method, { path, responseStream }]) => {
    const plain = (client as unknown as Record<string, Send>)[method]!;
    if (responseStream) return [method, plain] as const;
    const send: Send = (given, options) => {
      const request = accessRules[path]?.changes ? { idempotencyKey: newSecret(systemIds), ...given } : given;
      return around({ caller, rpc: path, request, send: (more) => plain(request, { ...options, ...more }) });
    };
    return [method, send] as const;
  });
  return { ...Object.fromEntries(methods), close: () => client.close() } as unknown as RpcClient<Service>;
}
