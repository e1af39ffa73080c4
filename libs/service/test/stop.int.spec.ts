import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { feedReader, rpcClient, rpcCredentials } from '@tillid/rpc';
import { describe, expect, it } from 'vitest';
import { startConsent, testInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

describe('a service that is told to stop', () => {
  it('answers the calls it has, then stops its workers, last one first, then closes its stores', async () => {
    const order: string[] = [];
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    class SlowController extends TestConsentController {
      override grantConsent = () => Promise.resolve({});
      override completeShare = async () => {
        entered.resolve();
        await leave.promise;
        order.push('answered');
        return {};
      };
    }
    const installation = await testInstallation();
    const worker = (name: string) => ({ start: () => void order.push(`${name} started`), stop: async () => void order.push(`${name} stopped`) });
    const { service, address } = await startConsent(installation, {
      controllers: [new SlowController()],
      workers: [worker('follower'), worker('timer')],
      close: [{ close: () => void order.push('store closed') }],
    });
    const bank = rpcClient(ConsentServiceService, address, rpcCredentials(await installation.identityOf({ kind: 'relying_service', id: 'fjordbanken' }), 'consent'), { retries: 0 });
    const underway = bank.completeShare({ idempotencyKey: 'key-of-sixteen-characters' });
    await entered.promise;
    const stopped = service.stop();
    // The one underway still gets its answer; a new one gets none.
    leave.resolve();
    await underway;
    await stopped;
    expect(order).toEqual(['follower started', 'timer started', 'answered', 'timer stopped', 'follower stopped', 'store closed']);
    await expect(bank.completeShare({ idempotencyKey: 'key-of-sixteen-characters' })).rejects.toMatchObject({ code: 'peer.unavailable' });
    bank.close();
  });

  it('ends the feeds it serves, at once and not as if they had come to an end', async () => {
    const installation = await testInstallation();
    const { service, address } = await startConsent(installation, { controllers: [new TestConsentController()] });
    const feed = feedReader(address, rpcCredentials(await installation.identityOf({ kind: 'service', id: 'audit' }), 'consent'));
    const reading = feed.subscribe('consent/0', 0, new AbortController().signal)[Symbol.asyncIterator]();
    await reading.next();
    const startedMs = performance.now();
    const ended = expect(reading.next()).rejects.toMatchObject({ code: 'call.service_stopping', kind: 'unknown_outcome' });
    await service.stop();
    await ended;
    expect(performance.now() - startedMs).toBeLessThan(3000);
    feed.close();
  });
});
