import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { createAuthority, createSigningRequest, issueCertificate } from '../../libs/crypto/dist/index.js';
import { kafkaClient, servicePrincipal } from '../../libs/feed-kafka/dist/index.js';
import { settingsOf } from '../../libs/feed-kafka/dist/topic/topic-shape.js';
import { silentLogger } from '../../libs/runtime/dist/index.js';
import { startEngines } from '../../libs/testing/dist/engines.js';

/** A Kafka of this run's own, with TLS as services have it: `client` is what services use, `bare` kafkajs as it comes. */
export async function withBroker(work) {
  const folder = mkdtempSync(join(tmpdir(), 'tillid-bench-'));
  let engines;
  try {
    const certificates = await certificatesOf('kafka', 'bench');
    for (const [name, pem] of Object.entries(certificates.kafka)) writeFileSync(join(folder, `${name}.pem`), pem);
    engines = await startEngines({ kafka: { tlsFolder: folder, superUsers: ['kafka', 'bench'].map(servicePrincipal) } });
    if (!engines) throw new Error('this bench needs a Kafka; the lines above say what to install');
    const client = kafkaClient({ brokers: engines.brokers, tls: certificates.bench, clientId: 'bench', logger: silentLogger });
    const bare = new Kafka({ brokers: [...engines.brokers], ssl: certificates.bench, clientId: 'bench', logLevel: logLevel.NOTHING });
    return await work({ client, bare, newTopic: topicsOf(client), folder });
  } finally {
    await engines?.stop();
    rmSync(folder, { recursive: true });
  }
}

async function certificatesOf(...ids) {
  const authority = await createAuthority('bench', Date.now());
  const made = await Promise.all(ids.map(async (id) => {
    const name = { kind: 'service', id };
    const { keyPem, requestPem } = await createSigningRequest(name);
    return [id, { key: keyPem, cert: await issueCertificate(authority, requestPem, name, Date.now()), ca: authority.certificatePem }];
  }));
  return Object.fromEntries(made);
}

/** With the settings that `migrate` gives a service's topic. */
function topicsOf(client) {
  const configEntries = Object.entries(settingsOf({ replication: 1, retentionHours: 1 })).map(([name, value]) => ({ name, value }));
  let made = 0;
  return async () => {
    const topic = `tillid.bench.${(made += 1)}`;
    await client.administer(async (admin) => {
      // kafkajs' own wait for the leader gives up where the broker does not know its newest topic yet.
      await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }] });
      while (!(await admin.listTopics()).includes(topic)) await delay(20);
    });
    return topic;
  };
}
