import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { createAuthority, createSigningRequest, issueCertificate } from '../../libs/crypto/dist/index.js';
import { kafkaClient, migrateTopic, servicePrincipal, topicOf } from '../../libs/feed-kafka/dist/index.js';
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

/** As `migrate` makes a service's. */
function topicsOf(client) {
  let made = 0;
  return async () => {
    const source = `bench/${(made += 1)}`;
    await migrateTopic({ client, source, replication: 1, retentionHours: 1 });
    return topicOf(source);
  };
}
