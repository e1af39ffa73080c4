import { setTimeout as pause } from 'node:timers/promises';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { feedReader, rpcClient, rpcCredentials } from '@tillid/rpc';
import { feedContract } from '@tillid/testing';
import { describe, expect, it } from 'vitest';
import { startConsent, testInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

feedContract('over gRPC', async () => {
  const installation = await testInstallation();
  const store = inMemoryEventStore();
  let taken = 0;
  const readAll = store.readAll.bind(store);
  store.readAll = async (after, limit) => {
    const page = await readAll(after, limit);
    taken += page.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return page;
  };
  let running = await startConsent(installation, { controllers: [new TestConsentController()], store });
  const { address } = running;
  const credentials = rpcCredentials(await installation.identityOf({ kind: 'service', id: 'audit' }), 'consent');
  const reader = feedReader(address, credentials);
  // On the same connection as the reader's.
  const beside = rpcClient(FeedServiceService, address, credentials);
  return {
    source: 'consent/0',
    store,
    reader,
    transport: 'direct',
    publicKey: (await beside.getHead({})).publicKey,
    begins: (await store.head()).position,
    taken: () => taken,
    settle: async () => {
      for (let turn = 0; turn < 50; turn++) await beside.getHead({});
    },
    interrupt: async () => {
      await running.service.stop();
      running = await startConsent(installation, { controllers: [new TestConsentController()], listen: address, store });
    },
    remove: async () => {
      reader.close();
      beside.close();
      await running.service.stop();
    },
  };
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
