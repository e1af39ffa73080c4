import { feedContract, startEngines } from '@tillid/testing';
import { afterAll, describe } from 'vitest';
import { sourceOnKafka, started } from './real-kafka.js';

const engines = await startEngines({ kafka: true });
afterAll(() => engines?.stop());

describe.skipIf(!engines)('Kafka', () => {
  feedContract('by way of Kafka', async () => {
    const { source, store, key, topic, client, read, relay, reader } = await sourceOnKafka(engines!);
    const running = await started(relay());
    const readers = reader({ silenceMaxMs: 4000 });
    return {
      source,
      store,
      reader: readers,
      transport: 'relayed',
      publicKey: key.publicKey,
      begins: 1,
      taken: () => read.bytes,
      settle: async () => {
        const reading = await client.openReading(topic);
        for (let turn = 0; turn < 50; turn++) await reading.bounds();
        await reading.close();
      },
      interrupt: async () => {
        await engines!.kill('kafka');
        await engines!.start('kafka');
      },
      remove: async () => {
        readers.close();
        await running.stop();
      },
    };
  });
});
