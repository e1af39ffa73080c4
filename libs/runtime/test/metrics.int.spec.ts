import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instruments, observeCertificate, observeCheckpoint, observeConsumers, observeLeases, observeProcess, observeRelay, observeRewrittenPasts, observeUnlinkedEvents, observeWitnesses, startTelemetry, type Telemetry } from '../src/index.js';

/** What an OTLP collector was sent, by path. */
const received = new Map<string, string>();
const collector = createServer((asked, response) => {
  const chunks: Buffer[] = [];
  asked.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
    received.set(asked.url!, Buffer.concat(chunks).toString('latin1'));
    response.end();
  });
});
let telemetry: Telemetry;
let relaying = false;

beforeAll(async () => {
  await new Promise<void>((resolve) => void collector.listen(0, '127.0.0.1', resolve));
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  telemetry = await startTelemetry('consent', process.env, { metricsListen: '127.0.0.1:0' });
  observeProcess();
  observeConsumers(() => [{ source: 'identity/0', consumer: 'citizens', lag: 3, parked: true, silentMs: 1500 }, { source: 'audit/0', consumer: 'never-heard', lag: 0, parked: false }]);
  observeRelay(() => (relaying ? { source: 'consent/0', lag: 7, silentMs: 400 } : undefined));
  observeLeases(() => [{ lease: 'relay', held: relaying }]);
  observeCheckpoint(() => ({ signedAtMs: 10_000, behind: 2, size: 40 }), () => 12_500);
  observeWitnesses(() => ({ unwitnessed: 3, witnesses: [{ witness: 'W1', silent: true, behind: 40 }] }));
  observeUnlinkedEvents(() => 2);
  observeRewrittenPasts(() => [{ source: 'consent/0', rewrote: true }, { source: 'identity/0', rewrote: false }]);
  observeCertificate(() => 90_000, () => 30_000);
});
afterAll(() => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  collector.close();
});

function ask(path: string, method = 'GET', body = ''): Promise<{ status: number; type: string | undefined; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; type: string | undefined; text: string }>();
  const call = request({ host: '127.0.0.1', port: telemetry.metricsPort, path, method, agent: false }, (answer: IncomingMessage) => {
    let text = '';
    answer.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve({ status: answer.statusCode!, type: answer.headers['content-type'], text }));
  });
  call.on('error', reject).end(body);
  return promise;
}
/** Every line of one metric. */
const series = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('the metrics that Prometheus fetches', () => {
  it('are what was counted and what is asked for, in its text', async () => {
    instruments().throttled.add(2);
    instruments().leaseChanges.add(1, { 'tillid.lease': 'relay', 'tillid.change': 'taken' });
    const { status, type, text } = await ask('/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(series(text, 'tillid_throttled_total')).toEqual(['tillid_throttled_total 2']);
    expect(series(text, 'tillid_lease_changes_total')).toEqual(['tillid_lease_changes_total{tillid_lease="relay",tillid_change="taken"} 1']);
    expect(series(text, 'tillid_consumer_lag')).toContain('tillid_consumer_lag{tillid_source="identity/0",tillid_consumer="citizens"} 3');
    expect(series(text, 'tillid_consumer_parked').map((line) => line.at(-1))).toEqual(['1', '0']);
    // Who was never heard is not silent for so and so long.
    expect(series(text, 'tillid_consumer_silence')).toEqual(['tillid_consumer_silence{tillid_source="identity/0",tillid_consumer="citizens"} 1.5']);
    expect(series(text, 'tillid_source_rewrote_past')).toEqual(['tillid_source_rewrote_past{tillid_source="consent/0"} 1', 'tillid_source_rewrote_past{tillid_source="identity/0"} 0']);
    expect(series(text, 'tillid_own_log_unlinked')).toEqual(['tillid_own_log_unlinked 2']);
    expect(series(text, 'tillid_checkpoint_age')).toEqual(['tillid_checkpoint_age 2.5']);
    expect([series(text, 'tillid_checkpoint_behind'), series(text, 'tillid_checkpoint_size')]).toEqual([['tillid_checkpoint_behind 2'], ['tillid_checkpoint_size 40']]);
    expect(series(text, 'tillid_checkpoint_unwitnessed')).toEqual(['tillid_checkpoint_unwitnessed 3']);
    expect([series(text, 'tillid_witness_silent'), series(text, 'tillid_witness_behind')]).toEqual([['tillid_witness_silent{tillid_witness="W1"} 1'], ['tillid_witness_behind{tillid_witness="W1"} 40']]);
    expect(series(text, 'tillid_certificate_remaining')).toEqual(['tillid_certificate_remaining 60']);
    expect(series(text, 'tillid_process_memory')).toHaveLength(3);
    expect(series(text, 'tillid_process_cpu_total')).toHaveLength(2);
    expect(series(text, 'tillid_process_event_loop_delay').map((line) => /of="(\w+)"/.exec(line)?.[1])).toEqual(['p50', 'p99', 'max']);
    expect(Number(series(text, 'tillid_process_uptime')[0]!.split(' ').at(-1))).toBeGreaterThan(0);
  });

  it('say nothing of a relay in a replica that does not relay', async () => {
    expect(series((await ask('/metrics')).text, 'tillid_relay_lag')).toEqual([]);
    relaying = true;
    const { text } = await ask('/metrics');
    expect(series(text, 'tillid_relay_lag')).toEqual(['tillid_relay_lag{tillid_source="consent/0"} 7']);
    expect(series(text, 'tillid_relay_silence')).toEqual(['tillid_relay_silence{tillid_source="consent/0"} 0.4']);
    expect(series(text, 'tillid_lease_held')).toEqual(['tillid_lease_held{tillid_lease="relay"} 1']);
  });

  it('are all that is served there', async () => {
    for (const path of ['/', '/metrics/', '/metricsx', '/health', '/%2e%2e/metrics', '//metrics']) expect((await ask(path)).status, path).toBe(404);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) expect((await ask('/metrics', method)).status, method).toBe(405);
    expect((await ask('/metrics', 'POST', 'x'.repeat(100_000))).status).toBe(405);
    expect((await ask('/metrics?collect=all')).status).toBe(200);
  });

  it('are collected once at a time, whoever else asks meanwhile', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('/metrics').catch(() => ({ status: 0 }))));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect((await ask('/metrics')).status).toBe(200);
  });

  it('go on for others beside those who hold connections and say nothing', async () => {
    const port = telemetry.metricsPort!;
    const idle = await Promise.all(Array.from({ length: 12 }, () => new Promise<ReturnType<typeof connect>>((resolve) => { const socket = connect(port, '127.0.0.1', () => resolve(socket)); socket.on('error', () => undefined); })));
    expect((await ask('/metrics')).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  it('are sent to a collector as well when the environment asks for it, and both end when they are told to', async () => {
    const port = telemetry.metricsPort!;
    await telemetry.stop();
    expect(received.get('/v1/metrics')).toContain('tillid.throttled');
    await expect(new Promise((resolve, reject) => connect(port, '127.0.0.1', () => resolve('connected')).on('error', reject))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('metrics that cannot be served', () => {
  it('keep the service from starting', async () => {
    const { port } = collector.address() as AddressInfo;
    await expect(startTelemetry('consent', {}, { metricsListen: `127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(startTelemetry('consent', { OTEL_SDK_DISABLED: 'true' }, { metricsListen: '127.0.0.1:0' })).rejects.toThrow('OTEL_SDK_DISABLED');
  });
});
