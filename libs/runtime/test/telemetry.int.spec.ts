import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentTraceParentHeader, inSpan, instruments, requestContext, startTelemetry } from '../src/index.js';

/** What an OTLP collector was sent, by path. */
const received = new Map<string, string>();
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
    received.set(request.url!, Buffer.concat(chunks).toString('latin1'));
    response.end();
  });
});
// The SDK reads the environment of the process, not ours.
const environment: Record<string, string> = {};

beforeAll(async () => {
  await new Promise<void>((resolve) => void collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  Object.assign(environment, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_METRICS_EXPORTER: 'otlp' });
  Object.assign(process.env, environment);
});
afterAll(() => {
  for (const name of Object.keys(environment)) delete process.env[name];
  collector.close();
});

describe('telemetry that the environment asks for', () => {
  it("exports the span of a request that brought no trace, the spans inside it, those of a caller's trace, and the counters", async () => {
    const telemetry = await startTelemetry('consent', process.env);
    await inSpan('rpc-of-an-outsider', { parent: requestContext(undefined) }, async () => {
      const sent = currentTraceParentHeader();
      await inSpan('append-inside', {}, () => Promise.resolve());
      await inSpan('rpc-of-our-own', { parent: requestContext(sent) }, () => Promise.resolve());
    });
    instruments().throttled.add(1);
    await telemetry.stop();
    const spans = received.get('/v1/traces');
    for (const name of ['rpc-of-an-outsider', 'append-inside', 'rpc-of-our-own']) expect(spans).toContain(name);
    expect(received.get('/v1/metrics')).toContain('tillid.throttled');
  });
});
