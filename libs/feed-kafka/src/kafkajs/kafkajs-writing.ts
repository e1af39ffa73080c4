import { setTimeout as pauseFor } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { TopicWriting } from '../kafka-client.js';
import type { Connecting } from './connecting.js';

const partition = 0;
const allInSync = -1;
const graceMs = 3000;

/**
 * kafkajs' idempotent producer, which can lose what it acknowledges unless it is used like this. After a send that
 * failed it takes its sequence number back; had the broker written that batch all the same, it takes *other* messages
 * sent next for the same ones again, and acknowledges them unwritten. So a send is tried for ever with the same messages,
 * one at a time, and when it fails all the same (kafkajs gives up when no broker can be reached) the producer is spent.
 */
export async function kafkajsWriting({ config, sockets }: Connecting, topic: string): Promise<TopicWriting> {
  const producer = new kafkajs.Kafka(config).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: { ...config.retry, retries: Number.MAX_SAFE_INTEGER },
  });
  let spent = false;
  let closed = false;
  let underway: Promise<unknown> = Promise.resolve();

  const cut = async () => {
    closed = true;
    sockets.close();
    await producer.disconnect().catch(() => undefined);
  };
  try {
    await producer.connect();
  } catch (error) {
    await cut();
    throw error;
  }
  return {
    async append(records) {
      if (spent || closed) throw new Error(`the producer of ${topic} is spent`);
      // Until this batch is acknowledged; so a second call meanwhile is refused too.
      spent = true;
      const messages = records.map(({ headers, value }) => ({ partition, value, headers: { ...headers } }));
      const sent = producer.send({ topic, acks: allInSync, messages });
      underway = sent.catch(() => undefined);
      const [acknowledged] = await sent;
      if (acknowledged?.baseOffset === undefined) throw new Error(`the broker did not say where in ${topic} it wrote`);
      spent = false;
      return Number(acknowledged.baseOffset);
    },
    async close() {
      const waited = new AbortController();
      await Promise.race([underway, pauseFor(graceMs, undefined, { signal: waited.signal }).catch(() => undefined)]);
      waited.abort();
      await cut();
    },
  };
}
