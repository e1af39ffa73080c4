import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs';
import { afterAll, describe, expect, it } from 'vitest';
import { createAuthority, createSigningRequest, issueCertificate, type CallerName } from '@tillid/crypto';
import { startEngines } from '@tillid/testing';

const topic = 'tillid.engines';

function kafkaAt(brokers: readonly string[], ssl?: KafkaConfig['ssl'], retries = 8): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, connectionTimeout: 2000, retry: { retries, initialRetryTime: 100 }, ...(ssl !== undefined && { ssl }) });
}

async function send(kafka: Kafka, value: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

async function makeTopic(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true });
  await admin.disconnect();
}

async function messages(kafka: Kafka, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value));
        if (values.length === count) resolve();
      },
    });
  });
  await consumer.disconnect();
  return values;
}

const engines = await startEngines({ kafka: true });
afterAll(() => engines?.stop());

describe.skipIf(!engines)('a broker of the launcher', () => {
  const plain = () => kafkaAt(engines!.brokers);

  it('keeps its messages and its port when it is killed and started again', async () => {
    await makeTopic(plain());
    await send(plain(), 'before');
    await engines!.kill('kafka');
    await expect(kafkaAt(engines!.brokers, undefined, 0).admin().connect()).rejects.toThrow('ECONNREFUSED');
    await engines!.start('kafka');
    await send(plain(), 'after');
    expect(await messages(plain(), 2)).toEqual(['before', 'after']);
  });

  it('is not started twice', async () => {
    await expect(engines!.start('kafka')).rejects.toThrow('start kafka: kafka is running');
  });
});

async function certificates() {
  const nowMs = Date.now();
  const authority = await createAuthority('engines', nowMs);
  const made = async (name: CallerName) => {
    const { keyPem, requestPem } = await createSigningRequest(name);
    return { key: keyPem, cert: await issueCertificate(authority, requestPem, name, nowMs), ca: authority.certificatePem };
  };
  return { broker: await made({ kind: 'service', id: 'audit' }), tester: await made({ kind: 'service', id: 'identity' }), stranger: await made({ kind: 'service', id: 'consent' }) };
}

const { broker, tester, stranger } = await certificates();
const tlsFolder = await mkdtemp(join(tmpdir(), 'tillid-engines-tls-'));
for (const [name, pem] of Object.entries(broker)) await writeFile(join(tlsFolder, `${name}.pem`), pem);
const secured = await startEngines({ kafka: { tlsFolder, superUsers: ['User:CN=identity,OU=service'] } });
afterAll(() => secured?.stop());

describe.skipIf(!secured)('a broker with TLS', () => {
  it('serves its super user, also after it was killed', async () => {
    await makeTopic(kafkaAt(secured!.brokers, tester));
    await send(kafkaAt(secured!.brokers, tester), 'first');
    await secured!.kill('kafka');
    await secured!.start('kafka');
    expect(await messages(kafkaAt(secured!.brokers, tester), 1)).toEqual(['first']);
  });

  it.each([
    ['without a certificate', () => ({ ca: broker.ca }), 'alert bad certificate'],
    ['with one of another authority', async () => ({ ...(await certificates()).tester, ca: broker.ca }), 'alert certificate unknown'],
    ['without TLS', () => undefined, 'Closed connection'],
  ])('refuses a client %s', async (_, ssl, reason) => {
    await expect(kafkaAt(secured!.brokers, await ssl(), 0).admin().connect()).rejects.toThrow(reason);
  });

  it('lets nobody else do what no rule allows', async () => {
    const producer = kafkaAt(secured!.brokers, stranger, 0).producer();
    await producer.connect();
    await expect(producer.send({ topic, messages: [{ value: 'injected' }] })).rejects.toThrow(/not authorized/i);
    await producer.disconnect();
  });
});
