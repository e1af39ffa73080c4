import { createHash } from 'node:crypto';
import { kafkaRelay } from '../../libs/feed-kafka/dist/index.js';
import { headRecord } from '../../libs/feed-kafka/dist/record.js';
import { systemClock } from '../../libs/runtime/dist/index.js';
import { loggerThatFails, stretch } from './stretch.mjs';

const allInSync = -1;

/** The relay, from the log's first event to its last. `onBatch` sees each batch it writes. */
export async function relayed({ client, newTopic }, log, onBatch = () => undefined) {
  const topic = await newTopic();
  await beginAfterTheFirst(client, topic, log);
  const work = stretch(log.events);
  const counting = {
    ...client,
    async openWriting(name) {
      const writing = await client.openWriting(name);
      return {
        ...writing,
        async append(records) {
          onBatch(records);
          const offset = await writing.append(records);
          // The last one is the head.
          work.did(records.length - 1);
          return offset;
        },
      };
    },
  };
  const { source, store, signHead } = log;
  const relay = kafkaRelay({ client: counting, source, store, signHead, topic, clock: systemClock, logger: loggerThatFails(work.fail) });
  relay.start();
  try {
    return { topic, ...(await work.measure()) };
  } finally {
    await relay.stop();
  }
}

/** A relay on an empty topic would begin at the log's end. */
async function beginAfterTheFirst(client, topic, { announced: { position, chain }, signHead }) {
  const writing = await client.openWriting(topic);
  await writing.append([headRecord(await signHead(position, chain, systemClock.nowMs()))]);
  await writing.close();
}

/** kafkajs alone, as safe as the relay is: the same records in the same batches, ready made. */
export async function bareProducer({ bare, newTopic }, log, batches) {
  const topic = await newTopic();
  const ready = batches.map((records) => records.map(({ headers, value }) => ({ partition: 0, headers, value })));
  const producer = bare.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
  await producer.connect();
  const work = stretch(log.events);
  const sending = (async () => {
    for (const messages of ready) {
      await producer.send({ topic, acks: allInSync, messages });
      work.did(messages.length - 1);
    }
  })();
  sending.catch(work.fail);
  try {
    return await work.measure();
  } finally {
    await producer.disconnect();
  }
}

/** Each event's bytes hashed once, as the chain must have it. */
export async function bareHash(log, batches) {
  const work = stretch(log.events);
  const measured = work.measure();
  for (const records of batches) {
    const events = records.slice(0, -1);
    for (const { value } of events) createHash('sha256').update(value).digest();
    work.did(events.length);
    await new Promise(setImmediate);
  }
  return measured;
}
