import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KafkaClient } from '../kafka-client.js';
import { ConfigResourceTypes, ConfigSource, KafkaJSAggregateError } from '../kafkajs/names.js';
import { setGrants, type TopicGrants } from './grants.js';
import { topicOf } from './topic-of.js';
import { misfits, settingsOf, shapeMisfits, type TopicFound, type TopicWanted } from './topic-shape.js';

/** A topic that is not as it must be: refused before anything is written to it. */
export class TopicUnfit extends Error {
  override readonly name = 'TopicUnfit';

  constructor(topic: string, wrong: readonly string[], mend: string) {
    super(`topic ${topic}: ${wrong.join('; ')}: ${mend}`);
  }
}

export interface TopicMigration extends TopicWanted {
  readonly client: KafkaClient;
  /** Who may write and read. Setting it takes a caller who may change the cluster's grants, as services may not; left out, they stay. */
  readonly grants?: TopicGrants;
}

const listedWithinMs = 15_000;
const lookEveryMs = 50;

/**
 * Makes the topic, or mends its settings; grants when told to. Says what it did. Doing it again, or twice at once, changes
 * nothing more. Throws TopicUnfit on what it cannot mend.
 */
export async function migrateTopic({ client, grants, ...wanted }: TopicMigration): Promise<'made' | 'mended' | 'fits'> {
  return client.administer(async (admin) => {
    const topic = topicOf(wanted.source);
    const configEntries = entriesOf(settingsOf(wanted));
    // Waiting for leaders is ours: on a busy broker kafkajs gives up on a topic that it has just made.
    const made = await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1, replicationFactor: wanted.replication, configEntries }] }).catch((error: unknown) => notMade(topic, error));
    if (made) await untilListed(admin, topic);
    if (grants) await setGrants(admin, topic, grants);
    if (made) return 'made';

    const { found, own } = await describe(admin, topic);
    const wrong = shapeMisfits(wanted, found);
    if (wrong.length > 0) throw new TopicUnfit(topic, wrong, 'move its partitions with the tools of Kafka, or delete it and migrate again (consumers back-fill)');
    if (misfits(wanted, found).length === 0) return 'fits';
    // Kafka takes what is not named here as "back to the default": what others have set stays named.
    const settings = { ...own, ...settingsOf(wanted) };
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: entriesOf(settings) }] });
    return 'mended';
  });
}

async function untilListed(admin: Admin, topic: string): Promise<void> {
  const untilMs = performance.now() + listedWithinMs;
  while (!(await admin.listTopics()).includes(topic)) {
    if (performance.now() > untilMs) throw new Error(`topic ${topic} was made and did not show within ${listedWithinMs / 1000} s`);
    await pauseFor(lookEveryMs);
  }
}

/** kafkajs says only that something was wrong; why is inside. */
function notMade(topic: string, error: unknown): never {
  const [reason] = error instanceof KafkaJSAggregateError ? (error.errors as readonly (Error & { readonly type?: string })[]) : [];
  if (!reason) throw error;
  const code = reason.type ?? reason.message;
  throw new TopicUnfit(topic, [code], code === 'INVALID_REPLICATION_FACTOR' ? 'are there enough brokers?' : reason.message);
}

/** For start-up: throws TopicUnfit unless the topic is there and fits. */
export async function requireTopic({ client, ...wanted }: TopicWanted & { readonly client: KafkaClient }): Promise<void> {
  await client.administer(async (admin) => {
    const topic = topicOf(wanted.source);
    const mend = 'run `migrate` of this service';
    // Asked like this, a topic that is not there is no error that is tried again for ten seconds.
    if (!(await admin.listTopics()).includes(topic)) throw new TopicUnfit(topic, ['it is not there, or this caller may not see it'], mend);
    const wrong = misfits(wanted, (await describe(admin, topic)).found);
    if (wrong.length > 0) throw new TopicUnfit(topic, wrong, mend);
  });
}

async function describe(admin: Admin, topic: string): Promise<{ readonly found: TopicFound; readonly own: Readonly<Record<string, string>> }> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics[0]?.partitions ?? [];
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] });
  const entries = resources[0]?.configEntries ?? [];
  const asSettings = (of: typeof entries) => Object.fromEntries(of.map(({ configName, configValue }) => [configName, configValue]));
  return {
    found: { partitions: partitions.length, replication: Math.min(...partitions.map(({ replicas }) => replicas.length)), settings: asSettings(entries) },
    own: asSettings(entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)),
  };
}

function entriesOf(settings: Readonly<Record<string, string>>) {
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}
