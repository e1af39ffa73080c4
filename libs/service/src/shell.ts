import { join } from 'node:path';
import { fileSecrets, openSecretKey, systemIds, type Secrets } from '@tillid/crypto';
import type { Telemetry } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import { feedReader, LiveTlsIdentity, rpcClient, rpcCredentials, type FeedReader, type RpcClient, type RpcCredentials, type RpcOptions, type ServiceDefinition, type TlsIdentity } from '@tillid/rpc';
import { systemClock, type ConfigOf, type Logger, type ServiceName, type ServiceSettings } from '@tillid/runtime';
import { openTelemetryOf } from './open-telemetry.js';

export type ServiceConfig = ConfigOf<ServiceSettings>;

/**
 * What the shell offers to an app's providers: inject it by its class.
 *   constructor(private readonly shell: Shell<ConsentConfig>) {}
 */
export class Shell<Config extends ServiceConfig = ServiceConfig> {
  /** "consent/0". */
  readonly source: string;
  readonly clock: Clock = systemClock;
  readonly ids: Ids = systemIds;
  /** Follows its folder: a renewed certificate is used from the next connection on. */
  readonly tls: TlsIdentity;
  /** For `handle` and the followers. */
  readonly telemetry: Telemetry = openTelemetryOf();
  /** The `iss` of citizens' tokens. */
  readonly issuer: string;
  private readonly credentials = new Map<ServiceName, RpcCredentials>();
  private readonly clients: { close(): void }[] = [];

  constructor(
    readonly name: ServiceName,
    readonly config: Config,
    readonly logger: Logger,
    /** What replicas share. On one machine: files in `<data>/secrets`. */
    readonly secrets: Secrets = fileSecrets(join(config.data, 'secrets')),
  ) {
    this.source = `${name}/0`;
    this.issuer = config.origin;
    this.tls = this.closing(followTls(config.tls, logger));
  }

  /** A client of another service, its address from the config: `shell.peer('authentication', SubjectServiceService)`. Closed with the service. */
  peer<Service extends ServiceDefinition>(peer: ServiceName, service: Service, defaults: RpcOptions = {}): RpcClient<Service> {
    return this.closing(rpcClient(service, this.config[peer], this.credentialsOf(peer), defaults));
  }

  /** Another service's feed, for `followSource({ reader })`. */
  feedOf(peer: ServiceName): FeedReader {
    return this.closing(feedReader(this.config[peer], this.credentialsOf(peer)));
  }

  /** 32 bytes under `<name>.key`, made at first start. */
  secret(name: string): Promise<Buffer> {
    return openSecretKey(this.secrets, name, this.ids);
  }

  closeClients(): void {
    for (const client of this.clients) client.close();
  }

  private credentialsOf(peer: ServiceName): RpcCredentials {
    // One object a peer: grpc-js shares a connection only between equal credentials.
    const credentials = this.credentials.get(peer) ?? rpcCredentials(this.tls, peer);
    this.credentials.set(peer, credentials);
    return credentials;
  }

  private closing<Client extends { close(): void }>(client: Client): Client {
    this.clients.push(client);
    return client;
  }
}

function followTls(folder: string, logger: Logger): LiveTlsIdentity {
  return new LiveTlsIdentity(folder, {
    onRenewed: () => logger.info({ folder }, 'a renewed certificate is in use'),
    onRefused: (reason) => logger.error({ folder, reason }, 'a new certificate cannot be used; the one before goes on'),
  });
}
