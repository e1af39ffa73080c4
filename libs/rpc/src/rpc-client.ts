import { isIP } from 'node:net';
import { InterceptingCall, Metadata, status, type CallOptions, type Client, type ClientReadableStream, type Interceptor } from '@grpc/grpc-js';
import { accessRules } from '@tillid/contracts/access';
import { Refused } from '@tillid/kernel';
import { attributeNames, currentCorrelationId, currentTraceParentHeader, inSpan, splitHostAndPort } from '@tillid/runtime';
import { SpanKind } from '@opentelemetry/api';
import type { RpcCredentials } from './credentials.js';
import { errorOfStatus } from './refusal-status.js';
import { RenewedClient } from './renewed-client.js';
import type { ReplyOf, RequestOf, RpcDefinition, ServiceDefinition } from './rpc-definition.js';

export interface RpcOptions {
  /** How long the whole call may take, tries included. Default 10 s; a stream has no limit unless it is given one. */
  readonly timeoutMs?: number;
  /** An instant, in milliseconds since the epoch; the earlier of the two counts. Pass `call.deadlineMs` on. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** A citizen's token, to ride on top of the certificate. */
  readonly token?: string;
  /** Have a query wait until its service has taken this in: the `tillid-position` of an earlier reply. */
  readonly minPosition?: string;
  /** Hears the `tillid-position` of the reply. */
  readonly onPosition?: (position: string) => void;
  /** Tries beyond the first when the service cannot be reached or lost a race too often. Default 3; 0 for none. */
  readonly retries?: number;
}

type UnaryMethod<Rpc extends RpcDefinition> = (request: Partial<RequestOf<Rpc>>, options?: RpcOptions) => Promise<ReplyOf<Rpc>>;
type StreamMethod<Rpc extends RpcDefinition> = (request: Partial<RequestOf<Rpc>>, options?: RpcOptions) => AsyncIterable<ReplyOf<Rpc>>;

/** A method an rpc: unary ones answer a promise and throw Refused or RpcFailed; streams are async iterables that do not read ahead. */
export type RpcClient<Service extends ServiceDefinition> = {
  readonly [Name in keyof Service]: Service[Name] extends { readonly responseStream: true } ? StreamMethod<Service[Name]> : UnaryMethod<Service[Name]>;
} & { close(): void };

const defaultTimeoutMs = 10_000;
const defaultRetries = 3;

const channelOptions = {
  // A peer that vanished without a word is noticed even by a feed that has nothing to say.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Retries are ours: they know which calls may be repeated, and grpc-js's would hold a copy of every request.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  // TLS wants a host name and refuses an address; the check itself is by the certificate's URI.
  'grpc.ssl_target_name_override': 'localhost',
};

/** Spread over the replicas there are; one that is gone is left out until it is back. */
const overReplicas = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // With others to ask, one that hangs is given up sooner.
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
};

/**
 * `rpcClient(ConsentServiceService, '127.0.0.1:7403', rpcCredentials(tls, 'consent'))`. Connects at the first call.
 * Several replicas: their IPv4 addresses by commas, or a name that resolves to all of them.
 */
export function rpcClient<Service extends ServiceDefinition>(service: Service, address: string, credentials: RpcCredentials, defaults: RpcOptions = {}): RpcClient<Service> {
  const client = new RenewedClient(targetOf(address), credentials, isOne(address) ? channelOptions : { ...channelOptions, ...overReplicas });
  const methods: Record<string, unknown> = { close: () => client.close() };
  for (const [name, rpc] of Object.entries(service)) {
    methods[name] = rpc.responseStream
      ? (request: object, options?: RpcOptions) => stream(client, rpc, request, { ...defaults, ...options })
      : (request: object, options?: RpcOptions) => unary(client, rpc, request, { ...defaults, ...options });
  }
  return methods as RpcClient<Service>;
}

/** An address of the wire is one machine; a name may stand for many. */
function isOne(address: string): boolean {
  return !address.includes(',') && (isIP(splitHostAndPort(address).host) !== 0 || address.startsWith('localhost:'));
}

function targetOf(address: string): string {
  return address.includes(',') ? `ipv4:${address}` : address;
}

function unary(client: RenewedClient, rpc: RpcDefinition, request: object, options: RpcOptions): Promise<unknown> {
  const deadlineMs = Math.min(Date.now() + (options.timeoutMs ?? defaultTimeoutMs), options.deadlineMs ?? Infinity);
  return inSpan(rpc.path.slice(1), { kind: SpanKind.CLIENT, attributes: { [attributeNames.rpcSystem]: 'grpc' } }, async () => {
    let triesLeft = mayRepeat(rpc, request) ? (options.retries ?? defaultRetries) : 0;
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1000)) {
      try {
        return await unaryOnce(client.now(), rpc, request, deadlineMs, options);
      } catch (error) {
        // Jitter, so that many who lost the same peer do not come back in step.
        const pauseMs = waitMs * (0.5 + Math.random());
        if (triesLeft-- <= 0 || !worthRepeating(error) || Date.now() + pauseMs >= deadlineMs || options.signal?.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  });
}

function unaryOnce(client: Client, rpc: RpcDefinition, request: object, deadlineMs: number, options: RpcOptions): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  if (options.signal?.aborted) return Promise.reject(new Refused('call.cancelled', 'unknown_outcome'));
  const call = client.makeUnaryRequest<object, unknown>(rpc.path, serializer(rpc), rpc.responseDeserialize, request, metadataOf(options), { deadline: deadlineMs }, (error, reply) => {
    if (error) reject(error.code === status.CANCELLED ? new Refused('call.cancelled', 'unknown_outcome') : errorOfStatus(rpc.path, error));
    else resolve(reply);
  });
  call.on('status', ({ metadata }) => {
    const [position] = metadata.get('tillid-position');
    if (typeof position === 'string') options.onPosition?.(position);
  });
  const cancel = () => call.cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  return promise.finally(() => options.signal?.removeEventListener('abort', cancel));
}

async function* stream(client: RenewedClient, rpc: RpcDefinition, request: object, options: RpcOptions): AsyncGenerator<unknown> {
  const deadline = Math.min(options.timeoutMs === undefined ? Infinity : Date.now() + options.timeoutMs, options.deadlineMs ?? Infinity);
  const gate = messageGate();
  const callOptions: CallOptions = { deadline, interceptors: [gate.interceptor] };
  const call: ClientReadableStream<unknown> = client.now().makeServerStreamRequest<object, unknown>(rpc.path, serializer(rpc), rpc.responseDeserialize, request, metadataOf(options), callOptions);
  const cancel = () => call.cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    if (options.signal?.aborted) cancel();
    for await (const message of call) {
      yield message;
      gate.next();
    }
  } catch (error) {
    if (options.signal?.aborted) return;
    throw errorOfStatus(rpc.path, error as { code: status; metadata: Metadata });
  } finally {
    options.signal?.removeEventListener('abort', cancel);
    gate.open();
    call.cancel();
    // A cancelled call still reports its end as an error; nobody listens any more.
    call.on('error', () => undefined);
  }
}

/** A readable stream of objects reads sixteen ahead; sixteen batches are memory nobody asked for. Lets one through at a time. */
function messageGate(): { readonly interceptor: Interceptor; next(): void; open(): void } {
  let allowed = 1;
  let waiting: (() => void) | undefined;
  const release = (more: number) => {
    allowed += more;
    while (allowed > 0 && waiting) {
      const deliver = waiting;
      waiting = undefined;
      allowed -= 1;
      deliver();
    }
  };
  return {
    interceptor: (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, _listener, next) =>
          next(metadata, {
            onReceiveMessage: (message, deliver) => {
              waiting = () => deliver(message);
              release(0);
            },
          }),
      }),
    next: () => release(1),
    open: () => release(Infinity),
  };
}

/** Reads may always be repeated; a change only under an idempotency key. LinkSubject and the like change nothing twice by contract. */
function mayRepeat(rpc: RpcDefinition, request: object): boolean {
  if (accessRules[rpc.path]?.changes !== true) return true;
  const { idempotencyKey } = request as { idempotencyKey?: unknown };
  return typeof idempotencyKey === 'string' && idempotencyKey !== '';
}

function worthRepeating(error: unknown): boolean {
  return error instanceof Refused && (error.kind === 'conflict' || (error.kind === 'unknown_outcome' && error.code !== 'call.deadline_exceeded' && error.code !== 'call.cancelled'));
}

/** Callers name the fields they mean; the generated encoders want all of them. Absent ones are the proto's defaults. */
function serializer(rpc: RpcDefinition): (request: object) => Buffer {
  const empty = rpc.requestDeserialize(Buffer.alloc(0)) as object;
  return (request) => rpc.requestSerialize({ ...empty, ...request });
}

function metadataOf(options: RpcOptions): Metadata {
  const metadata = new Metadata();
  const traceParent = currentTraceParentHeader();
  if (traceParent) metadata.set('traceparent', traceParent);
  const correlationId = currentCorrelationId();
  if (correlationId) metadata.set('tillid-correlation-id', correlationId);
  if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
  if (options.minPosition !== undefined) metadata.set('tillid-min-position', options.minPosition);
  return metadata;
}
