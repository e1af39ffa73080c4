import { ReadModelServiceService, type ReadModelDigest } from '@tillid/contracts/readmodels/v1/service';
import { ConsentRequested } from '@tillid/contracts/consent/v1/events';
import { eventCodec, followed, openReadModels, projection, readModel, startingPoint, type OpenReadModel } from '@tillid/eventsourcing';
import { inMemoryReadModelStore } from '@tillid/eventsourcing/in-memory';
import { rpcClient, rpcCredentials } from '@tillid/rpc';
import { beforeAll, describe, expect, it } from 'vitest';
import { startConsent, testInstallation, type TestInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

const consents = projection({
  name: 'consents',
  model: readModel<{ readonly consentId: string }>({ name: 'consents', version: 4, key: ({ consentId }) => consentId, indexes: {} }),
  events: eventCodec('tillid.consent.v1', { ConsentRequested }),
  keys: ({ event }) => [event.consentId],
  apply: (_before, { event: { consentId } }) => ({ consentId }),
});

let installation: TestInstallation;
beforeAll(async () => void (installation = await testInstallation()));

async function asking(readModels: readonly OpenReadModel[], caller: { readonly kind: 'auditor' | 'operator'; readonly id: string }) {
  const running = await startConsent(installation, { controllers: [new TestConsentController()], readModels });
  const client = rpcClient(ReadModelServiceService, running.address, rpcCredentials(await installation.identityOf(caller), 'consent'));
  return {
    async digests() {
      const digests: ReadModelDigest[] = [];
      for await (const digest of client.getDigests({})) digests.push(digest);
      return digests;
    },
    async stop() {
      client.close();
      await running.service.stop();
    },
  };
}

async function oneList(): Promise<OpenReadModel> {
  const { list } = await openReadModels({ list: followed('consent/0', consents) }, inMemoryReadModelStore());
  await list.consumer.table.write({ projection: 'consents@4', source: 'consent/0', checkpoint: { ...startingPoint, position: 9 }, rows: [{ key: 'c', document: { consentId: 'c' }, position: 3, loaded: {} }] });
  return list;
}

describe('asked for the digests of its lists, a service', () => {
  it('tells an auditor what each holds and as of which position', async () => {
    const list = await oneList();
    const { digests, stop } = await asking([list], { kind: 'auditor', id: 'auditor' });
    expect(await digests()).toEqual([{ name: 'consents', version: 4, digest: await list.consumer.table.digest(), documents: 1, source: 'consent/0', position: 9 }]);
    await stop();
  });
  it('tells nobody else', async () => {
    const { digests, stop } = await asking([await oneList()], { kind: 'operator', id: 'operator' });
    await expect(digests()).rejects.toMatchObject({ code: 'call.not_allowed' });
    await stop();
  });
  it('refuses rather than say a digest that belongs to no position', async () => {
    const list = await oneList();
    const moving: OpenReadModel = { ...list, consumer: { ...list.consumer, table: { ...list.consumer.table, snapshot: () => Promise.resolve(undefined) } } };
    const { digests, stop } = await asking([moving], { kind: 'auditor', id: 'auditor' });
    await expect(digests()).rejects.toMatchObject({ code: 'read_models.moving' });
    await stop();
  });
});
