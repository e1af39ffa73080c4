import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FeedServiceService, type Batch } from '@tillid/contracts/feed/v1/service';
import { fileSecrets, systemIds } from '@tillid/crypto';
import { followSource, ProgressBook, startingPoint, verifySignedHead, type Checkpoint, type Consumer, type EventStore } from '@tillid/eventsourcing';
import { feedReader, rpcClient, rpcCredentials } from '@tillid/rpc';
import { systemClock } from '@tillid/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SourceSigner } from '../src/index.js';
import { startConsent, testInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

const eventBytes = 50_000;
const eventCount = 600;
let running: Awaited<ReturnType<typeof startConsent>>;
let credentials: ReturnType<typeof rpcCredentials>;
let read = 0;

beforeAll(async () => {
  const installation = await testInstallation();
  running = await startConsent(installation, { controllers: [new TestConsentController()] });
  credentials = rpcCredentials(await installation.identityOf({ kind: 'service', id: 'audit' }), 'consent');
  for (let i = 0; i < eventCount; i++) await append(running.store, i, Buffer.alloc(eventBytes, i % 251));
  const readAll = running.store.readAll.bind(running.store);
  running.store.readAll = async (after, limit) => {
    const page = await readAll(after, limit);
    read += page.length;
    return page;
  };
});
afterAll(() => running.service.stop());

async function append(store: EventStore, number: number, bytes: Buffer): Promise<void> {
  await store.append({ commandId: randomBytes(16), fingerprint: Buffer.alloc(32), writes: [{ stream: `s-${number}`, expectedRevision: 0, events: [bytes] }] });
}

/** A consumer that keeps what it is given, in memory. */
function keeping(taken: Uint8Array[]): Consumer {
  let checkpoint: Checkpoint = startingPoint;
  return {
    name: 'keeper',
    standing: () => Promise.resolve(checkpoint),
    apply: (_source, events, next) => {
      taken.push(...events.map(({ bytes }) => bytes));
      checkpoint = next;
      return Promise.resolve({ unknownTypes: 0 });
    },
  };
}

describe('a feed', () => {
  it('sends batches of a mebibyte at most, dense and in order', async () => {
    const feed = feedReader(running.address, credentials);
    let position = 0;
    for await (const batch of feed.subscribe('consent/0', 0, new AbortController().signal)) {
      expect(batch.events.reduce((sum, event) => sum + event.length, 0)).toBeLessThanOrEqual(1024 * 1024);
      if (batch.events.length > 0) expect(batch.firstPosition).toBe(position + 1);
      position += batch.events.length;
      if (position === eventCount + 1) break;
    }
    feed.close();
  });

  it('is held back by a slow reader: what it has not asked for is not read from the store', async () => {
    const feed = feedReader(running.address, credentials);
    const other = rpcClient(FeedServiceService, running.address, credentials);
    read = 0;
    const batches: AsyncIterator<Batch> = feed.subscribe('consent/0', 0, new AbortController().signal)[Symbol.asyncIterator]();
    await batches.next();
    // Many turns of the server's loop on the same connection: it had every chance to run ahead.
    for (let i = 0; i < 50; i++) await other.getHead({});
    // One page, of 8 MiB at most, of the thirty there are.
    expect(read * eventBytes).toBeLessThan(8.5 * 1024 * 1024);
    let position = 0;
    for (let taken = 0; taken < 10; taken++) position += (await batches.next()).value.events.length;
    expect(position).toBeGreaterThan(100);
    await batches.return?.();
    feed.close();
    other.close();
  });

  it('is followed through everything: each event once, and the new ones as they come', async () => {
    const taken: Uint8Array[] = [];
    const book = new ProgressBook();
    const feed = feedReader(running.address, credentials);
    const follower = followSource({ source: 'consent/0', consumer: keeping(taken), book, clock: systemClock, reader: feed });
    follower.start();
    const { position } = await running.store.head();
    expect(await book.waitFor('keeper', 'consent/0', position, AbortSignal.timeout(20_000))).toBe(true);
    await append(running.store, 10_000, Buffer.from('the newest'));
    expect(await book.waitFor('keeper', 'consent/0', position + 1, AbortSignal.timeout(5000))).toBe(true);
    expect(taken).toHaveLength(position + 1);
    expect(Buffer.from(taken.at(-1)!).toString()).toBe('the newest');
    expect(follower.progress()[0]).toMatchObject({ parked: false, gaps: 0 });
    await follower.stop();
    feed.close();
  });
});

describe('a service whose key is renewed while it runs', () => {
  it('is followed on, by who was there and by who begins; the old key signs what was before, the new one what comes', async () => {
    const installation = await testInstallation();
    const { service, store, address } = await startConsent(installation, { controllers: [new TestConsentController()] });
    const clients = rpcCredentials(await installation.identityOf({ kind: 'service', id: 'audit' }), 'consent');
    const follow = () => {
      const book = new ProgressBook();
      const feed = feedReader(address, clients);
      const follower = followSource({ source: 'consent/0', consumer: keeping([]), book, clock: systemClock, reader: feed });
      follower.start();
      return { book, stop: () => follower.stop().then(() => feed.close()) };
    };
    const before = follow();
    await append(store, 1, Buffer.from('under the first key'));
    expect(await before.book.waitFor('keeper', 'consent/0', 2, AbortSignal.timeout(5000))).toBe(true);
    // Another replica, on the same log and the same secrets; the running one is told nothing.
    const secrets = fileSecrets(join(installation.folder, 'consent', 'secrets'));
    const other = await SourceSigner.open({ source: 'consent/0', store, secrets, clock: systemClock, ids: systemIds });
    expect(await other.renew(0)).toBe(true);
    await append(store, 2, Buffer.from('under the second key'));
    const since = follow();
    for (const { book } of [before, since]) {
      expect(await book.waitFor('keeper', 'consent/0', 4, AbortSignal.timeout(5000))).toBe(true);
      expect(book.line('keeper', 'consent/0')).toMatchObject({ parked: false, gaps: 0 });
    }
    const client = rpcClient(FeedServiceService, address, clients);
    const { head, publicKey } = await client.getHead({});
    expect(publicKey).toEqual(await other.publicKeyAt(4));
    expect([verifySignedHead(head!, publicKey), publicKey.equals(await other.publicKeyAt(1))]).toEqual([true, false]);
    client.close();
    await Promise.all([before.stop(), since.stop()]);
    await service.stop();
  });
});

describe('an rpc to a service that is away', () => {
  it('is tried again until it is there, within its deadline', async () => {
    const installation = await testInstallation();
    const first = await startConsent(installation, { controllers: [new TestConsentController()] });
    const identity = await installation.identityOf({ kind: 'service', id: 'audit' });
    const client = rpcClient(FeedServiceService, first.address, rpcCredentials(identity, 'consent'), { retries: 30 });
    await client.getHead({});
    await first.service.stop();
    const asked = client.getHead({}, { timeoutMs: 20_000 });
    await pause(200);
    const second = await startConsent(installation, { controllers: [new TestConsentController()], listen: first.address, store: first.store });
    expect((await asked).head!.position).toBe(1);
    await second.service.stop();
    client.close();
  });
});
