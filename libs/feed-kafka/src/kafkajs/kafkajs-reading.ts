import { setTimeout as pauseFor } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { OffsetGone, TopicMissing, type TopicReading, type TopicRecord } from '../kafka-client.js';
import { KafkajsCluster, type FetchedMessage, type KafkajsBroker } from './internals.js';
import type { Connecting } from './connecting.js';

const partition = 0;
/** Nobody writes in transactions; a stranger's that stays open must not hold the topic. */
const readUncommitted = 0;
/** A broker that restarts, or another that takes over, is waited for so long; then the caller hears of it. */
const patienceMs = 5000;
const pauseMs = 200;

interface KafkajsError extends Error {
  readonly type?: string;
  readonly host?: string;
  readonly port?: number;
}

/** Reads a topic's one partition, at its leader. */
export async function kafkajsReading({ config, sockets }: Connecting, topic: string): Promise<TopicReading> {
  const cluster = new KafkajsCluster({
    ...config,
    logger: new kafkajs.Kafka(config).logger(),
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: readUncommitted,
  });
  let closed = false;

  const leader = async (): Promise<KafkajsBroker> => {
    await cluster.connect();
    await cluster.addTargetTopic(topic);
    const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (!found) throw new TopicMissing(topic);
    return cluster.findBroker({ nodeId: found.leader });
  };
  const atLeader = async <Result>(work: (broker: KafkajsBroker) => Promise<Result>): Promise<Result> => {
    const startedMs = performance.now();
    for (;;) {
      try {
        return await work(await leader());
      } catch (error) {
        const failure = error as KafkajsError;
        if (final(failure)) throw translated(failure, topic);
        if (closed || performance.now() - startedMs > patienceMs) throw failure;
        if (failure.host !== undefined && failure.port !== undefined) cluster.removeBroker({ host: failure.host, port: failure.port });
        await pauseFor(pauseMs);
        // Another broker may lead by now. That it cannot be asked either is found out by the next try.
        await cluster.refreshMetadata().catch(() => undefined);
      }
    }
  };
  const offset = async (fromBeginning: boolean): Promise<number> => {
    const [of] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
    const [found] = of?.partitions ?? [];
    if (!found) throw new Error(`no broker said where ${topic} begins and ends`);
    return offsetOf(found.offset);
  };
  const close = async () => {
    closed = true;
    sockets.close();
    await cluster.disconnect().catch(() => undefined);
  };

  try {
    await atLeader(() => Promise.resolve());
  } catch (error) {
    await close();
    throw error;
  }
  return {
    bounds: () => atLeader(async () => ({ first: await offset(true), next: await offset(false) })),
    read: (from, { maxBytes, waitMs }) =>
      atLeader(async (broker) => {
        const topics = [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes }] }];
        const { responses } = await broker.fetch({ isolationLevel: readUncommitted, maxWaitTime: waitMs, minBytes: 1, maxBytes, topics });
        // A record batch is sent whole, though it began before.
        return recordsIn(responses[0]?.partitions[0]?.messages ?? []).filter((record) => record.offset >= from);
      }),
    close,
  };
}

function final({ name, type }: KafkajsError): boolean {
  return type === 'OFFSET_OUT_OF_RANGE' || type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'TOPIC_AUTHORIZATION_FAILED' || name === 'TopicMissing';
}

function translated(failure: KafkajsError, topic: string): Error {
  if (failure.type === 'OFFSET_OUT_OF_RANGE') return new OffsetGone(`${topic} does not hold that offset`, { cause: failure });
  return failure instanceof TopicMissing ? failure : new TopicMissing(topic);
}

function recordsIn(messages: readonly FetchedMessage[]): TopicRecord[] {
  return messages
    .filter(({ isControlRecord }) => !isControlRecord)
    .map(({ offset, value, headers }) => ({ offset: offsetOf(offset), value: value ?? Buffer.alloc(0), headers: onceEach(headers) }));
}

function onceEach(headers: FetchedMessage['headers']): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, Buffer] => Buffer.isBuffer(entry[1])));
}

function offsetOf(text: string): number {
  const offset = Number(text);
  if (!Number.isSafeInteger(offset)) throw new Error(`an offset beyond counting: ${text}`);
  return offset;
}
