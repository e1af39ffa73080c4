import type { Engines } from '@tillid/testing';
import { silentLogger, systemClock, type Logger } from '@tillid/runtime';
import { kafkaClient, kafkaReader, kafkaRelay, migrateTopic, topicOf, type KafkaClient, type KafkaReaderOptions, type KafkaRelayOptions, type TopicRecord } from '../src/index.js';
import { announcedLog, until } from './announced-log.js';

let sources = 0;

/** A source of its own on a running Kafka: log, topic, relay (to be started) and reader. */
export async function sourceOnKafka(engines: Pick<Engines, 'brokers'>, { log, logger = silentLogger }: { readonly log?: Parameters<typeof announcedLog>[0]; readonly logger?: Logger } = {}) {
  const of = `consent/${++sources}`;
  const fed = await announcedLog({ ...log, of });
  const topic = topicOf(of);
  const { client, read } = counting(kafkaClient({ brokers: engines.brokers, tls: undefined, clientId: 'spec', logger }));
  await migrateTopic({ client, source: of, replication: 1, retentionHours: 1 });
  const relay = (options: Partial<KafkaRelayOptions> = {}) => kafkaRelay({ client, source: of, store: fed.store, signHead: fed.signHead, topic, clock: systemClock, logger, ...options });
  const reader = (options: Partial<KafkaReaderOptions> = {}) => kafkaReader({ client, topicOf, logger, ...options });
  return { ...fed, topic, client, read, relay, reader, everyRecord: () => everyRecordOf(client, topic) };
}

/** Resolves when it has found its place. */
export async function started<Relay extends ReturnType<typeof kafkaRelay>>(relay: Relay): Promise<Relay> {
  relay.start();
  await until(() => relay.lag().lastPublishedMs > 0);
  return relay;
}

async function everyRecordOf(client: KafkaClient, topic: string): Promise<TopicRecord[]> {
  const reading = await client.openReading(topic);
  const { first, next } = await reading.bounds();
  const records: TopicRecord[] = [];
  for (let offset = first; offset < next; offset = records.at(-1)!.offset + 1) records.push(...(await reading.read(offset, { maxBytes: 1024 * 1024, waitMs: 1000 })));
  await reading.close();
  return records;
}

/** Counts what readers are sent. */
function counting(client: KafkaClient) {
  const read = { bytes: 0, records: 0 };
  return {
    read,
    client: {
      ...client,
      async openReading(topic: string) {
        const reading = await client.openReading(topic);
        return {
          ...reading,
          async read(...asked: Parameters<typeof reading.read>) {
            const records = await reading.read(...asked);
            read.records += records.length;
            read.bytes += records.reduce((sum, { value }) => sum + value.length, 0);
            return records;
          },
        };
      },
    } satisfies KafkaClient,
  };
}
