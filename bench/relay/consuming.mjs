import { randomUUID } from 'node:crypto';
import { followSource, ProgressBook } from '../../libs/eventsourcing/dist/index.js';
import { kafkaReader } from '../../libs/feed-kafka/dist/index.js';
import { systemClock } from '../../libs/runtime/dist/index.js';
import { loggerThatFails, stretch } from './stretch.mjs';

/** As services follow each other, into a consumer that only counts: chain, signatures and the rules of `takeIn` are in it. */
export async function followed({ client }, log, topic) {
  const work = stretch(log.events);
  const consumer = {
    name: 'count',
    standing: async () => log.announced,
    async apply(_source, events) {
      work.did(events.length);
      return { unknownTypes: 0 };
    },
  };
  const relay = kafkaReader({ client, topicOf: () => topic, logger: loggerThatFails(work.fail) });
  const follower = followSource({ source: log.source, consumer, reader: nobody, relay, book: new ProgressBook(), clock: systemClock, onTrouble: ({ reason, error }) => work.fail(error ?? new Error(reason)) });
  follower.start();
  try {
    return await work.measure();
  } finally {
    await follower.stop();
  }
}

/** Everything is in the topic: whoever asks the source itself has not read it there. */
const nobody = {
  subscribe() {
    throw new Error('the source itself was asked');
  },
};

/** kafkajs' consumer on the same topic, which looks at nothing. It fetches as much at once as the reader does. */
export async function bareConsumer({ bare, client }, topic) {
  const work = stretch(await recordsIn(client, topic));
  const consumer = bare.consumer({ groupId: randomUUID(), maxBytesPerPartition: 1024 * 1024, maxBytes: 1024 * 1024 });
  consumer.on(consumer.events.CRASH, ({ payload }) => work.fail(payload.error));
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => work.did(batch.messages.length) });
    return await work.measure();
  } finally {
    await consumer.disconnect();
  }
}

async function recordsIn(client, topic) {
  const reading = await client.openReading(topic);
  const { first, next } = await reading.bounds();
  await reading.close();
  return next - first;
}
