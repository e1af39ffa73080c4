import { kafkaClient, kafkaReader, kafkaRelay, migrateTopic, requireTopic, servicePrincipal, topicOf, TopicUnfit, type KafkaClient, type KafkaReader, type TopicWanted } from '@tillid/feed-kafka';
import type { EventStore, Telemetry } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import { observeRelay, type Logger, type ServiceName } from '@tillid/runtime';
import type { TlsIdentity } from '@tillid/rpc';
import type { Worker } from '../service-parts.js';
import type { ServiceConfig } from '../service-config.js';
import type { SourceSigner } from './source-signer.js';

/** Who reads whose events. The topic of a service is granted to these and no others. */
const readersOf: Readonly<Record<ServiceName, readonly ServiceName[]>> = {
  identity: ['authentication', 'consent', 'audit'],
  authentication: ['identity', 'consent', 'audit'],
  consent: ['audit'],
  audit: ['audit'],
};

export interface KafkaFeed {
  readonly client: KafkaClient;
  readonly reader: KafkaReader;
}

/** Undefined without brokers: then the other services' events come over gRPC only. */
export function kafkaFeedOf({ kafkaBrokers, replica }: ServiceConfig, tls: () => TlsIdentity, logger: Logger): KafkaFeed | undefined {
  if (kafkaBrokers === undefined) return undefined;
  const client = kafkaClient({ brokers: kafkaBrokers.split(','), tls, clientId: replica, logger });
  return { client, reader: kafkaReader({ client, topicOf, logger }) };
}

/** The service whose topic it is: its shell. */
export interface TopicOwner {
  readonly name: ServiceName;
  readonly source: string;
  readonly config: ServiceConfig;
}

export interface Relayed extends TopicOwner {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  oneAtATime(name: string, workers: () => readonly Worker[]): Worker;
}

/** The relay of this service, in one replica at a time. Throws when the topic is there and does not fit. */
export async function relayOf(shell: Relayed, client: KafkaClient, store: EventStore, signer: SourceSigner): Promise<Worker> {
  const { source, clock, logger, telemetry } = shell;
  await requireTopic({ client, ...wantedTopic(shell) }).catch((err: unknown) => {
    if (err instanceof TopicUnfit) throw err;
    // Brokers that are away are no reason to turn callers away: the relay finds its place when they are back.
    logger.warn({ err }, 'the topic could not be looked at');
  });
  let running: ReturnType<typeof kafkaRelay> | undefined;
  observeRelay(() => {
    if (!running) return undefined;
    const { events, lastPublishedMs } = running.lag();
    return { source, lag: events, silentMs: lastPublishedMs === 0 ? undefined : Math.max(0, clock.nowMs() - lastPublishedMs) };
  });
  return shell.oneAtATime('relay', () => {
    const relay = kafkaRelay({ client, source, store, topic: topicOf(source), clock, logger, telemetry, signHead: (position, chain, timeMs) => signer.sign(position, chain, timeMs) });
    return [{ start: () => (running = relay).start(), stop: () => relay.stop().finally(() => (running = undefined)) }];
  });
}

/** In the name of whoever may change the cluster's grants. */
export async function migrateTopicOf(shell: TopicOwner, client: KafkaClient): Promise<'made' | 'mended' | 'fits'> {
  const grants = { writer: servicePrincipal(shell.name), readers: readersOf[shell.name].map(servicePrincipal) };
  return migrateTopic({ client, grants, ...wantedTopic(shell) });
}

function wantedTopic({ source, config }: TopicOwner): TopicWanted {
  return { source, replication: config.kafkaReplication, retentionHours: config.kafkaRetentionHours };
}
