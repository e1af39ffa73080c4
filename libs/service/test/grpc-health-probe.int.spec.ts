import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgressBook } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import { startConsent, testInstallation, type TestInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

const script = join(import.meta.dirname, '../../../tools/probe/grpc-health.mjs');

/** As the kubelet runs it: the service's own environment, and the exit code is the answer. */
function probe(question: string, tls: string, listen: string): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, question], { env: { TILLID_TLS: tls, TILLID_GRPC_LISTEN: listen }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', reject).on('close', (code) => resolve({ code, said: said.trim() }));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const tlsOf = ({ folder }: TestInstallation) => join(folder, 'consent', 'tls');

describe('the probe of a container', () => {
  it('says that a service which serves is ready and alive', async () => {
    const installation = await testInstallation();
    const { service, address } = await startConsent(installation, { controllers: [new TestConsentController()] });
    expect(await probe('ready', tlsOf(installation), address)).toEqual({ code: 0, said: '' });
    expect(await probe('alive', tlsOf(installation), address)).toEqual({ code: 0, said: '' });
    // 0.0.0.0 is where it listens in a container, and nobody's address.
    expect((await probe('ready', tlsOf(installation), address.replace('127.0.0.1', '0.0.0.0'))).code).toBe(0);
    await service.stop();
  });

  it('says that a service which is still catching up is alive, and not ready', async () => {
    const installation = await testInstallation();
    const listen = `127.0.0.1:${await freePort()}`;
    const progress = new ProgressBook();
    progress.line('directory', 'consent/0');
    const listening = Promise.withResolvers<void>();
    const workers = [{ start: () => listening.resolve(), stop: () => Promise.resolve() }];
    const started = startConsent(installation, { controllers: [new TestConsentController()], listen, progress, workers });
    await listening.promise;
    expect(await probe('alive', tlsOf(installation), listen)).toEqual({ code: 0, said: '' });
    expect(await probe('ready', tlsOf(installation), listen)).toEqual({ code: 1, said: 'NOT_SERVING' });
    progress.moved('directory', 'consent/0', 1);
    const { service } = await started;
    expect((await probe('ready', tlsOf(installation), listen)).code).toBe(0);
    await service.stop();
  });

  it('says no of a service that is not there, and of another in its place', async () => {
    const installation = await testInstallation();
    const { service, address } = await startConsent(installation, { controllers: [new TestConsentController()] });
    const audit = await mkdtemp(join(tmpdir(), 'tillid-probe-'));
    const identity = await installation.identityOf({ kind: 'service', id: 'audit' });
    for (const name of ['key', 'cert', 'ca'] as const) await writeFile(join(audit, `${name}.pem`), identity[name]);
    expect(await probe('alive', audit, address)).toEqual({ code: 1, said: expect.stringContaining('the one that answers is not URI:tillid://service/audit') });
    await service.stop();
    expect(await probe('alive', tlsOf(installation), address)).toEqual({ code: 1, said: expect.stringContaining('ECONNREFUSED') });
  });

  it('says no to a question it does not know, and without its environment', async () => {
    expect(await probe('well', '/nowhere', '127.0.0.1:1')).toEqual({ code: 1, said: expect.stringContaining('usage') });
    expect(await probe('alive', '/nowhere', '127.0.0.1:1')).toEqual({ code: 1, said: expect.stringContaining('/nowhere/key.pem') });
  });
});
