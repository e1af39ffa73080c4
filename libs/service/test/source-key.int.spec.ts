import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { fileSecrets, systemIds } from '@tillid/crypto';
import { followSource, ProgressBook, startingPoint, verifySignedHead, type Checkpoint, type Consumer, type EventStore } from '@tillid/eventsourcing';
import { feedReader, rpcClient, rpcCredentials } from '@tillid/rpc';
import { systemClock } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { SourceSigner } from '../src/index.js';
import { startConsent, testInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

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
