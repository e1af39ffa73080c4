import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createSigningRequest, issueCertificate, type Authority, type CallerName } from '@tillid/crypto';
import { silentLogger, systemClock } from '@tillid/runtime';
import { startEngines } from '@tillid/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaClient, kafkaReader, kafkaRelay, migrateTopic, requireTopic, servicePrincipal, topicOf, type KafkaClient, type KafkaTls, type NewRecord } from '../src/index.js';
import { announcedLog, source, until } from './announced-log.js';

const authority = await createAuthority('test', Date.now());
const folder = await mkdtemp(join(tmpdir(), 'tillid-kafka-tls-'));
const broker = await identityOf({ kind: 'service', id: 'kafka' });
await Promise.all((['key', 'cert', 'ca'] as const).map((name) => writeFile(join(folder, `${name}.pem`), broker[name], { mode: 0o600 })));
const engines = await startEngines({ kafka: { tlsFolder: folder, superUsers: ['User:CN=kafka-operator,OU=operator'] } });
afterAll(async () => {
  await engines?.stop();
  await rm(folder, { recursive: true });
});

async function identityOf(name: CallerName, by: Authority = authority): Promise<KafkaTls> {
  const { keyPem, requestPem } = await createSigningRequest(name);
  return { key: keyPem, cert: await issueCertificate(by, requestPem, name, Date.now()), ca: authority.certificatePem };
}

const clientFor = (tls: KafkaTls | (() => KafkaTls) | undefined) => kafkaClient({ brokers: engines!.brokers, tls, clientId: 'spec', logger: silentLogger });
const service = async (id: string) => clientFor(await identityOf({ kind: 'service', id }));
const record: NewRecord = { headers: {}, value: Buffer.from('anything') };
const topic = topicOf(source);
const wanted = { source, replication: 1, retentionHours: 1 };

async function read(client: KafkaClient): Promise<number> {
  const reading = await client.openReading(topic);
  const { first } = await reading.bounds();
  const records = await reading.read(first, { maxBytes: 1024 * 1024, waitMs: 100 });
  await reading.close();
  return records.length;
}
async function write(client: KafkaClient): Promise<void> {
  const writing = await client.openWriting(topic);
  await writing.append([record]).finally(() => writing.close());
}

describe("a service's certificate", () => {
  it('is the principal that grants name', async () => {
    const { cert } = await identityOf({ kind: 'service', id: 'audit' });
    // As Kafka spells a subject: RFC 2253, the last part first.
    expect(`User:${new X509Certificate(cert).subject.split('\n').toReversed().join(',')}`).toBe(servicePrincipal('audit'));
  });
});

describe.skipIf(!engines)('a topic with grants', () => {
  let operator: KafkaClient;
  const grants = { writer: servicePrincipal('consent'), readers: [servicePrincipal('audit'), servicePrincipal('authentication')] };
  beforeAll(async () => {
    operator = clientFor(await identityOf({ kind: 'operator', id: 'kafka-operator' }));
    await migrateTopic({ ...wanted, client: operator, grants });
    // Grants are known to the broker a moment after they were made.
    await until(async () => write(await service('consent')).then(() => true, () => false));
  });

  it('is relayed to by its service and read by those named, over their own certificates', async () => {
    const consent = await service('consent');
    await requireTopic({ ...wanted, client: consent });
    const log = await announcedLog();
    const relay = kafkaRelay({ client: consent, source, store: log.store, signHead: log.signHead, topic, clock: systemClock, logger: silentLogger });
    relay.start();
    await until(() => relay.lag().lastPublishedMs > 0);
    await log.append(10);
    for (const name of ['audit', 'authentication']) {
      const reader = kafkaReader({ client: await service(name), topicOf, logger: silentLogger });
      let position = 1;
      for await (const { events } of reader.subscribe(source, 1, new AbortController().signal)) if ((position += events.length) === 11) break;
      reader.close();
    }
    await relay.stop();
  });

  it('is not written by a reader', async () => {
    const audit = await service('audit');
    expect(await read(audit)).toBeGreaterThan(0);
    await expect(write(audit)).rejects.toThrow(/not authorized|authorization/i);
  });

  it.each<[string, CallerName]>([
    ['a service that is not named', { kind: 'service', id: 'identity' }],
    ['a relying service', { kind: 'relying_service', id: 'fjordbanken' }],
    ['a relying service that calls itself audit', { kind: 'relying_service', id: 'audit' }],
    ['an auditor', { kind: 'auditor', id: 'rigsrevisionen' }],
  ])('is neither read nor written by %s, and is not even there for it', async (_who, name) => {
    const stranger = clientFor(await identityOf(name));
    await expect(read(stranger)).rejects.toThrow('there is no topic tillid.consent.events, or this caller may not see it');
    await expect(write(stranger)).rejects.toThrow(/not authorized|authorization/i);
    await expect(requireTopic({ ...wanted, client: stranger })).rejects.toThrow('it is not there, or this caller may not see it');
  });

  it('is not granted, made or mended by its own service, nor by a reader', async () => {
    for (const name of ['consent', 'audit']) {
      const client = await service(name);
      await expect(migrateTopic({ ...wanted, source: 'consent/9', client })).rejects.toThrow(/authoriz/i);
      await expect(migrateTopic({ ...wanted, client, grants: { writer: servicePrincipal(name), readers: [] } })).rejects.toThrow(/authoriz/i);
    }
  });

  it('lets no one in without a certificate of the installation', async () => {
    const foreign = await identityOf({ kind: 'service', id: 'audit' }, await createAuthority('other', Date.now()));
    await expect(read(clientFor(foreign))).rejects.toThrow();
    await expect(read(clientFor(undefined))).rejects.toThrow();
  });

  it('is not believed by a client when the broker has a certificate of somebody else', async () => {
    const audit = await identityOf({ kind: 'service', id: 'audit' });
    await expect(read(clientFor({ ...audit, ca: (await createAuthority('other', Date.now())).certificatePem }))).rejects.toThrow(/certificate/);
  });

  it('uses a renewed certificate from the next connection on', async () => {
    const [stranger, audit] = [await identityOf({ kind: 'service', id: 'identity' }), await identityOf({ kind: 'service', id: 'audit' })];
    let now = stranger;
    const client = clientFor(() => now);
    await expect(read(client)).rejects.toThrow('there is no topic');
    now = audit;
    expect(await read(client)).toBeGreaterThan(0);
  });

  it('is no longer read by one whose grant was taken away; the others keep theirs', async () => {
    await migrateTopic({ ...wanted, client: operator, grants: { ...grants, readers: [servicePrincipal('audit')] } });
    await until(async () => read(await service('authentication')).then(() => false, () => true));
    await expect(read(await service('authentication'))).rejects.toThrow('may not see it');
    expect(await read(await service('audit'))).toBeGreaterThan(0);
    await write(await service('consent'));
  });
});
