import { join } from 'node:path';
import { fileSecrets, openSecretKey, systemIds, type Secrets } from '@tillid/crypto';
import type { FollowSource, ProgressBook, Telemetry, Tenure } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import { feedReader, LiveTlsIdentity, rpcClient, rpcCredentials, type FeedReader, type RpcClient, type RpcCredentials, type RpcOptions, type ServiceDefinition, type TlsIdentity } from '@tillid/rpc';
import { attributeNames, instruments, observeLeases, systemClock, type Logger, type ServiceName } from '@tillid/runtime';
import { alwaysAtWork, atWorkInTurn, oneAtATime, whileHeld, type Background, type Leases } from './background.js';
import { kafkaFeedOf, type KafkaFeed } from './feed/kafka-feed.js';
import { openTelemetryOf } from './open-telemetry.js';
import type { ServiceConfig } from './service-config.js';
import type { Worker } from './service-parts.js';
import { sqliteStores, type Stores } from './stores.js';

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
  /** Undefined: events come and go over gRPC only. */
  readonly kafka: KafkaFeed | undefined;
  private readonly credentials = new Map<ServiceName, RpcCredentials>();
  private readonly clients: { close(): void }[] = [];
  private readonly held = new Map<string, boolean>();

  constructor(
    readonly name: ServiceName,
    readonly config: Config,
    readonly logger: Logger,
    readonly stores: Stores = sqliteStores(config.data),
    /** What replicas share. On one machine: files in `<data>/secrets`. */
    readonly secrets: Secrets = fileSecrets(join(config.data, 'secrets')),
    partition = 0,
  ) {
    this.source = `${name}/${partition}`;
    this.issuer = config.origin;
    this.tls = this.closing(followTls(config.tls, logger));
    this.kafka = kafkaFeedOf(config, () => this.tls, logger);
    if (this.kafka) this.closing(this.kafka.reader);
    observeLeases(() => [...this.held].map(([lease, held]) => ({ lease, held })));
  }

  /** A client of another service, its address from the config: `shell.peer('authentication', SubjectServiceService)`. Closed with the service. */
  peer<Service extends ServiceDefinition>(peer: ServiceName, service: Service, defaults: RpcOptions = {}): RpcClient<Service> {
    return this.closing(rpcClient(service, this.config[peer], this.credentialsOf(peer), defaults));
  }

  /** Another service's events, for `followSource({ ..., ...shell.sourceOf('identity') })`. */
  sourceOf(peer: ServiceName): Pick<FollowSource, 'source' | 'reader' | 'relay'> {
    return { source: peer === this.name ? this.source : `${peer}/0`, reader: this.feedOf(peer), ...(this.kafka && { relay: this.kafka.reader }) };
  }

  /** What one replica does at a time, whichever: the only one always. */
  inTurn(book: ProgressBook, background: Background): Worker {
    return this.isOneOfMany ? atWorkInTurn(background, book, this.leases) : alwaysAtWork(background);
  }

  /** The same for work that reads nobody's log; under a lease of its own, so that another replica may have it. */
  oneAtATime(name: string, workers: () => readonly Worker[]): Worker {
    if (!this.isOneOfMany) return alwaysAtWork({ workers });
    return oneAtATime(name, this.leases, (tenure: Tenure) => whileHeld(workers(), tenure));
  }

  /** Whether other replicas of this service may share its stores. */
  get isOneOfMany(): boolean {
    return this.stores.engine.kind !== 'sqlite';
  }

  /** 32 bytes under `<name>.key`, made at first start. */
  secret(name: string): Promise<Buffer> {
    return openSecretKey(this.secrets, name, this.ids);
  }

  closeClients(): void {
    for (const client of this.clients) client.close();
  }

  private feedOf(peer: ServiceName): FeedReader {
    return this.closing(feedReader(this.config[peer], this.credentialsOf(peer)));
  }

  private get leases(): Leases {
    const { stores, logger, config } = this;
    return { record: (name) => stores.record(name), holder: config.replica, silentMs: config.leaseMs, logger, onChange: (lease, change) => this.leaseChanged(lease, change) };
  }

  private leaseChanged(lease: string, change: 'taken' | 'lost' | 'released'): void {
    this.held.set(lease, change === 'taken');
    instruments().leaseChanges.add(1, { [attributeNames.lease]: lease, [attributeNames.change]: change });
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
