import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { Refused } from '@tillid/kernel';
import { rpcClient, rpcCredentials } from '@tillid/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConsent, testInstallation, type TestInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

let installation: TestInstallation;
let replicas: { readonly controller: TestConsentController; readonly running: Awaited<ReturnType<typeof startConsent>> }[];

async function replica() {
  const controller = new TestConsentController();
  return { controller, running: await startConsent(installation, { controllers: [controller] }) };
}

beforeAll(async () => {
  installation = await testInstallation();
  replicas = [await replica(), await replica()];
});
afterAll(() => Promise.all(replicas.map(({ running }) => running.service.stop())));

describe('a service of two replicas', () => {
  it('is asked at both, and goes on being asked at one when the other is gone', async () => {
    const bank = await installation.identityOf({ kind: 'relying_service', id: 'fjordbanken' });
    const consent = rpcClient(ConsentServiceService, replicas.map(({ running }) => running.address).join(), rpcCredentials(bank, 'consent'));
    const ask = async () => consent.requestConsent({ idempotencyKey: 'key-of-this-test-0001' }).catch((error: unknown) => (error as Refused).code);
    for (let call = 0; call < 40; call++) expect(await ask()).toBe('agreement.unknown');
    const asked = replicas.map(({ controller }) => controller.seen.length);
    expect(asked.every((calls) => calls > 5)).toBe(true);

    await replicas[0]!.running.service.stop();
    for (let call = 0; call < 20; call++) expect(await ask()).toBe('agreement.unknown');
    expect(replicas.map(({ controller }) => controller.seen.length)).toEqual([asked[0], asked[1]! + 20]);
    consent.close();
  });
});
