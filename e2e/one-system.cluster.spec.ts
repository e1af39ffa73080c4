import { join } from 'node:path';
import { kafkaClient, readRecord, topicOf } from '@tillid/feed-kafka';
import { readTlsIdentity } from '@tillid/rpc';
import { silentLogger } from '@tillid/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { addCitizen, signIn } from './support/citizen.js';
import { Cluster } from './support/cluster.js';
import { playDay } from './support/day-report.js';
import { replayed } from './support/replayed.js';
import { rotatesLive } from './support/rotation.js';
import { storyOf } from './support/story.js';
import { System } from './support/system.js';
import { SpanCollector } from './support/trace-spans.js';
import { until } from './support/until.js';

const collector = await SpanCollector.start();
const cluster = await Cluster.start(22_200, collector.environment);
afterAll(async () => {
  await cluster?.remove();
  await collector.stop();
});

describe.skipIf(!cluster)('the cluster', () => {
  const { system, engines } = cluster!;

  it('tells the same story of the same day as one process on files, for each citizen, each client and each thing', async () => {
    const alone = await System.start(22_400);
    const day = ['--citizens', '6', '--seed', '11', '--one-at-a-time'];
    const stories = [];
    for (const each of [alone, system]) {
      const { run } = await playDay(each, ...day);
      await until('every source is in the ledger', async () => (await each.auditor('compare')).code === 0);
      stories.push(storyOf(await replayed(each), run));
    }
    await alone.remove();
    expect(Object.keys(stories[0]!.citizens).length).toBeGreaterThan(12);
    expect(stories[1]).toEqual(stories[0]);
  });

  // Of the call that collects it: what a citizen's agent does at a client carries no trace, or both would hold an identifier in common.
  it('shows one log-in as one trace: rpc, append, relay, Kafka, audit, and the leaf in the signed tree', async () => {
    const citizen = await addCitizen(system, '6705803001');
    const sinceNs = BigInt(Date.now()) * 1_000_000n;
    await signIn(system, citizen);
    const completing = 'tillid.authentication.v1.AuthenticationService/RedeemSignIn';
    // The day before had some too, and not all of them were let through.
    const completed = () => collector.spans.find(({ service, name, startTimeUnixNano }) => service === 'tillid-authentication' && name === completing && BigInt(startTimeUnixNano) >= sinceNs);
    await until('the call that completes the log-in', () => completed() !== undefined);
    const { traceId } = completed()!;
    const spans = () => collector.spans.filter((span) => span.traceId === traceId);
    const isThere = (service: string, name: string, more: Readonly<Record<string, string>> = {}) =>
      spans().some((span) => span.service === `tillid-${service}` && span.name === name && Object.entries(more).every(([key, value]) => span.attributes[key] === value));
    await until('the whole way', () => [
      isThere('authentication', completing),
      isThere('authentication', 'handle.append'),
      isThere('authentication', 'relay.publish', { 'tillid.source': 'authentication/0' }),
      isThere('audit', 'consumer.apply', { 'tillid.source': 'authentication/0', 'tillid.consumer': 'ledger', 'tillid.transport': 'relayed' }),
      isThere('audit', 'consumer.apply', { 'tillid.consumer': 'access-entries' }),
      isThere('audit', 'integrate'),
    ].every(Boolean)).catch((error: unknown) => {
      throw new Error(`there is only: ${[...new Set(spans().map(({ service, name, attributes }) => `${service} ${name} ${attributes['tillid.transport'] ?? ''}`))].join(', ')}`, { cause: error });
    });
  });

  it('takes no notice of events delivered twice, out of order, altered, or invented by whoever can write to a topic', async () => {
    const source = 'authentication/0';
    const before = await replayed(system);
    const client = kafkaClient({ brokers: engines.brokers, tls: readTlsIdentity(join(system.data, 'authentication/tls')), clientId: 'intruder', logger: silentLogger });
    const reading = await client.openReading(topicOf(source));
    const { first } = await reading.bounds();
    const records = (await reading.read(first, { maxBytes: 200_000, waitMs: 1000 })).filter((record) => readRecord(record)?.kind === 'event');
    expect(records.length).toBeGreaterThan(5);
    const position = (of: (typeof records)[number], to: number) => ({ ...of, headers: { ...of.headers, tillid_position: Buffer.from(String(to)) } });
    const last = records.at(-1)!;
    const altered = Buffer.from(last.value);
    altered[altered.length >> 1]! ^= 1;
    const writing = await client.openWriting(topicOf(source));
    await writing.append([...records, ...records.toReversed(), { ...last, value: altered }, position(last, 999_999), position({ ...last, value: altered }, before.filter((entry) => entry.source === source).length + 1)].map(({ headers, value }) => ({ headers, value })));
    await writing.close();
    await reading.close();

    const { expectations } = await playDay(system, '--citizens', '3', '--keep-going');
    expect(expectations.filter(({ held }) => !held)).toEqual([]);
    await until('every source is in the ledger', async () => (await system.auditor('compare')).code === 0);
    const after = await replayed(system);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after.map(({ id }) => id)).size).toBe(after.length);
    const status = await system.tillid('status', '--json');
    expect(status.code, status.stdout).toBe(0);
  });

  rotatesLive('a cluster', () => ({ system, secretsOf: (name) => cluster!.secrets(name), logOf: (name) => cluster!.eventStore(name, 'log') }));
});
