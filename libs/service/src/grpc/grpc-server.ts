import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Server, type ServiceDefinition as GrpcServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ReflectionService } from '@grpc/reflection';
import type { Ids } from '@tillid/kernel';
import type { TlsIdentity } from '@tillid/rpc';
import type { Logger } from '@tillid/runtime';
import { HealthImplementation } from 'grpc-health-check';
import type { RegisteredRpc } from '../gate/admitted.js';
import type { Gate } from '../gate/gate.js';
import { requestBytesMax, type Pipeline } from '../pipeline/pipeline.js';
import { authorise } from './authorise.js';
import { grpcDefinition, grpcHandler } from './handlers.js';
import { LiveServerCredentials } from './live-server-credentials.js';

export interface GrpcServerParts {
  readonly rpcs: readonly RegisteredRpc[];
  readonly gate: Gate;
  readonly pipeline: Pipeline;
  readonly tls: TlsIdentity;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** gRPC over mTLS, health and reflection included. */
export class GrpcServer {
  private readonly server: Server;
  private readonly stopping = new AbortController();
  private credentials: LiveServerCredentials | undefined;
  private readonly health = new HealthImplementation({ '': 'NOT_SERVING' });

  constructor(private readonly parts: GrpcServerParts) {
    this.server = new Server({
      interceptors: [authorise(parts.gate, this.stopping.signal, parts.ids, parts.logger)],
      // A little above the limit, so that it is the pipeline that answers, with a reason. Far above, the connection itself says no.
      'grpc.max_receive_message_length': requestBytesMax + 1024,
      'grpc.max_concurrent_streams': 1000,
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
    for (const [service, rpcs] of byService(parts.rpcs)) this.addService(service, rpcs);
    this.health.addToServer(this.server as never);
    reflection([...byService(parts.rpcs).keys()]).addToServer(this.server);
  }

  /** Resolves with the port once calls are taken; health still says NOT_SERVING. */
  listen(address: string): Promise<number> {
    const credentials = (this.credentials = new LiveServerCredentials(this.parts.tls));
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
  }

  serving(): void {
    this.health.setStatus('', 'SERVING');
  }

  /** No new calls; streams are ended, other calls underway may finish within the time given, then they are cut. */
  async stop(withinMs: number): Promise<void> {
    this.health.setStatus('', 'NOT_SERVING');
    this.stopping.abort();
    this.credentials?.close();
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    this.server.tryShutdown(() => resolve());
    const timer = setTimeout(() => this.server.forceShutdown(), withinMs);
    await drained;
    clearTimeout(timer);
  }

  private addService(service: string, rpcs: readonly RegisteredRpc[]): void {
    const definition: Record<string, ReturnType<typeof grpcDefinition>> = {};
    const implementation: UntypedServiceImplementation = {};
    for (const rpc of rpcs) {
      const name = rpc.definition.path.slice(service.length + 2);
      definition[name] = grpcDefinition(rpc);
      implementation[name] = grpcHandler(rpc, this.parts.pipeline, this.stopping.signal, this.parts.logger);
    }
    this.server.addService(definition as GrpcServiceDefinition, implementation);
  }
}

/** "tillid.consent.v1.ConsentService" -> its rpcs. */
function byService(rpcs: readonly RegisteredRpc[]): Map<string, RegisteredRpc[]> {
  return Map.groupBy(rpcs, (rpc) => rpc.definition.path.split('/')[1]!);
}

/**
 * The descriptors that the code was generated from, byte for byte. Not through proto-loader: what it makes of a descriptor
 * set has lost its imports and holds every nested message twice, and no client can link that.
 */
function reflection(services: string[]): ReflectionService {
  const descriptors = readFileSync(fileURLToPath(import.meta.resolve('@tillid/contracts/descriptors.binpb')));
  const files = { fileDescriptorProtos: filesOf(descriptors) } as unknown as PackageDefinition[string];
  return new ReflectionService({ files }, { services });
}

/** A FileDescriptorSet is nothing but `repeated FileDescriptorProto file = 1`. */
function filesOf(descriptorSet: Uint8Array): Buffer[] {
  const reader = new BinaryReader(descriptorSet);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType);
  }
  return files;
}
