import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { createAuthority, createSigningRequest, issueCertificate, type Authority, type CallerName } from '@tillid/crypto';
import { rpcClient, rpcCredentials, type TlsIdentity } from '@tillid/rpc';
import { attributeNames } from '@tillid/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
let authority: Authority;
let service: ChildProcess;
let output = '';
let metrics: string;
let grpc: string;

async function identityOf(name: CallerName): Promise<TlsIdentity> {
  const { keyPem, requestPem } = await createSigningRequest(name);
  return { key: Buffer.from(keyPem), cert: Buffer.from(await issueCertificate(authority, requestPem, name, Date.now())), ca: Buffer.from(authority.certificatePem) };
}
/** Nobody's at the moment. */
function freeAddress(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(`127.0.0.1:${port}`));
    });
  });
}
/** A line the service has logged. */
async function logged(sentence: string): Promise<Record<string, unknown>> {
  for (;;) {
    const line = output.split('\n').find((each) => each.includes(`"${sentence}"`));
    if (line) return JSON.parse(line) as Record<string, unknown>;
    if (service.exitCode !== null) throw new Error(`the service ended:\n${output}`);
    await new Promise((resolve) => service.stdout!.once('data', resolve));
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-metrics-'));
  authority = await createAuthority('test', Date.now());
  grpc = await freeAddress();
  await mkdir(join(folder, 'tls'));
  for (const [file, content] of Object.entries(await identityOf({ kind: 'service', id: 'consent' }))) await writeFile(join(folder, 'tls', `${file}.pem`), content);
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TILLID_') && !name.startsWith('OTEL_')));
  // The others are away; a service starts and tells how it is without them.
  const nobody = { TILLID_IDENTITY: '127.0.0.1:1', TILLID_AUTHENTICATION: '127.0.0.1:1', TILLID_CONSENT: '127.0.0.1:1', TILLID_AUDIT: '127.0.0.1:1' };
  service = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
    env: { ...inherited, ...nobody, TILLID_DATA: join(folder, 'data'), TILLID_TLS: join(folder, 'tls'), TILLID_GRPC_LISTEN: grpc, TILLID_ORIGIN: 'tillid.test/metrics', TILLID_METRICS_LISTEN: '127.0.0.1:0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  service.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  await logged('ready');
  metrics = `http://127.0.0.1:${String((await logged('metrics are served'))['port'])}/metrics`;
});
afterAll(async () => {
  service.kill('SIGTERM');
  await new Promise((resolve) => (service.exitCode === null ? service.once('exit', resolve) : resolve(undefined)));
  await rm(folder, { recursive: true });
});

const fetched = async () => (await fetch(metrics)).text();
const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('the metrics of a running service', () => {
  it('tell how far each of its consumers is, how it is doing, and what it was asked', async () => {
    const client = rpcClient(ConsentServiceService, grpc, rpcCredentials(await identityOf({ kind: 'relying_service', id: 'fjordbanken' }), 'consent'), { retries: 0 });
    await expect(client.requestConsent({ idempotencyKey: 'a-key-of-at-least-16', subject: 'p-anna' })).rejects.toThrow();
    client.close();
    const text = await fetched();
    const rpcs = linesOf(text, 'tillid_rpc_duration_count');
    expect(rpcs).toEqual([expect.stringMatching(/rpc_method="tillid.consent.v1.ConsentService\/RequestConsent",tillid_caller_kind="relying_service".*\} 1$/)]);
    for (const name of ['tillid_consumer_lag', 'tillid_consumer_parked', 'tillid_consumer_gaps_total', 'tillid_consumer_faults_total']) expect(linesOf(text, name).length, name).toBeGreaterThan(1);
    const [remaining] = linesOf(text, 'tillid_certificate_remaining');
    expect(Number(remaining!.split(' ')[1]) / 86_400).toBeCloseTo(90, 0);
    expect(linesOf(text, 'tillid_process_event_loop_delay')).toHaveLength(3);
    expect(text).toContain('service_name="tillid-consent"');
  });

  it('say nothing of anyone: labels are names of ours, and so are their values', async () => {
    const names = new Set([...Object.values(attributeNames).map((name) => name.replaceAll(/[^a-z_]/g, '_')), 'le', 'service_name', 'telemetry_sdk_language', 'telemetry_sdk_name', 'telemetry_sdk_version']);
    const labels = [...(await fetched()).matchAll(/([a-z_]+)="([^"]*)"/g)];
    expect(labels.length).toBeGreaterThan(20);
    expect(labels.filter(([, name]) => !names.has(name!)).map(([label]) => label)).toEqual([]);
    expect(labels.filter(([, , value]) => /fjordbanken|p-anna|127\.0\.0\.1/.test(value!))).toEqual([]);
  });

  it('do not grow with what is asked', async () => {
    const before = (await fetched()).split('\n').length;
    for (let times = 0; times < 20; times++) await fetched();
    expect((await fetched()).split('\n').length).toBe(before);
  });
});
