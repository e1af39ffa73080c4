import { setImmediate as turn } from 'node:timers/promises';
import { ProgressBook } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import { startConsent, testInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

/** A service that is starting, as far as it gets before its read models have moved. */
async function starting(progress: ProgressBook) {
  const following = Promise.withResolvers<void>();
  const worker = { start: () => following.resolve(), stop: () => Promise.resolve() };
  let serving = false;
  const started = startConsent(await testInstallation(), { controllers: [new TestConsentController()], progress, workers: [worker] }).then((running) => {
    serving = true;
    return running;
  });
  await following.promise;
  for (let turns = 0; turns < 20; turns++) await turn();
  return { started, isServing: () => serving };
}

describe('a service that starts', () => {
  it('does not say that it serves before its read models are where its log is', async () => {
    const progress = new ProgressBook();
    progress.line('directory', 'consent/0');
    const { started, isServing } = await starting(progress);
    expect(isServing()).toBe(false);
    // The key it announced at its first start.
    progress.moved('directory', 'consent/0', 1);
    const { service, store } = await started;
    expect((await store.head()).position).toBe(1);
    await service.stop();
  });

  it('waits for no other service, and for no read model that is parked', async () => {
    const progress = new ProgressBook();
    progress.line('citizens', 'identity/0').headPosition = 5;
    progress.line('directory', 'consent/0').parked = true;
    const { started } = await starting(progress);
    await (await started).service.stop();
  });
});
