import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { Client, type ServiceError } from '@grpc/grpc-js';
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

  it('ends a health watch too, which has no end of its own', async () => {
    const installation = await testInstallation();
    const { service, address } = await startConsent(installation, { controllers: [new TestConsentController()] });
    const credentials = rpcCredentials(await installation.identityOf({ kind: 'auditor', id: 'rigsrevisionen' }), 'consent');
    const client = new Client(address, credentials.channel, { 'grpc.ssl_target_name_override': 'localhost' });
    const watch = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', (bytes: Buffer) => bytes, (bytes) => bytes, Buffer.alloc(0));
    const ended = new Promise((resolve) => watch.on('error', (error) => resolve((error as ServiceError).details)));
    await new Promise((resolve) => watch.once('data', resolve));
    watch.resume();
    const startedMs = performance.now();
    await service.stop();
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(await ended).toBe('call.service_stopping');
    client.close();
  });

  it('does not wait for a reader over HTTP who takes a little now and then, for ever', async () => {
    const much = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024));
    const route = { method: 'GET', path: '/much', access: 'public', handle: () => Promise.resolve({ status: 200, contentType: 'text/plain', body: Readable.from(much) }) } as const;
    const { service } = await startConsent(await testInstallation(), { controllers: [new TestConsentController()], routes: [route], drainMs: 300 });
    const reader = connect(service.ports.http!, '127.0.0.1', () => reader.write('GET /much HTTP/1.1\r\nhost: log\r\n\r\n'));
    reader.on('error', () => undefined);
    await new Promise((resolve) => reader.once('readable', resolve));
    const nibbling = setInterval(() => reader.read(1000), 50);
    await service.stop();
    clearInterval(nibbling);
    reader.destroy();
  });
});
