import { join } from 'node:path';
import { report } from '../measure/report.mjs';
import { withBroker } from './broker.mjs';
import { bareConsumer, followed } from './consuming.mjs';
import { logOf } from './log.mjs';
import { bareHash, bareProducer, relayed } from './publishing.mjs';
import { text } from './text.mjs';
import { bothTransports } from './transports.mjs';

const events = 20_000;
const rounds = 5;
/** What an official's read leaves, and the same with as much sealed as makes it 1 KB. */
const sealedBytes = [0, 566];

export async function run() {
  const logs = await withBroker(async (broker) => {
    const measured = [];
    for (const sealed of sealedBytes) measured.push(await throughTheBroker(broker, sealed));
    return measured;
  });
  report('relay', text({ events, rounds, logs, ...(await bothTransports()) }), 'Events over Kafka');
}

async function throughTheBroker(broker, sealed) {
  const log = await logOf(join(broker.folder, `${sealed}.sqlite`), events, sealed);
  try {
    // The relay's own batches are what the limits are measured with, and all have run once before.
    const batches = [];
    const { topic } = await relayed(broker, log, (records) => batches.push(records));
    const sides = [
      { relay: () => relayed(broker, log), producer: () => bareProducer(broker, log, batches), hash: () => bareHash(log, batches) },
      { follower: () => followed(broker, log, topic), consumer: () => bareConsumer(broker, topic) },
    ];
    const pairs = [];
    for (let round = -1; round < rounds; round++) {
      const pair = Object.assign({}, ...(await inTurn(sides, round)));
      if (round >= 0) pairs.push(pair);
    }
    return { bytesPerEvent: log.bytesPerEvent, batches: batches.length, pairs };
  } finally {
    await log.store.close();
  }
}

/** Each after its limit or before it, the order changing from round to round: a noisy neighbour hits both. */
async function inTurn(sides, round) {
  const measured = [];
  for (const side of sides) {
    const names = Object.keys(side);
    for (const name of round % 2 === 0 ? names : names.toReversed()) measured.push({ [name]: await side[name]() });
  }
  return measured;
}
