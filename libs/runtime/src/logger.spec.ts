import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';
import { startTelemetry } from './telemetry/telemetry.js';
import { currentTraceParent, formatTraceParent, parseTraceParent, requestContext, withCorrelationId } from './telemetry/trace-context.js';
import { inSpan } from './telemetry/spans.js';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ name: 'consent', write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a log line', () => {
  it.each([
    ['by its name', { nationalNumber: '6101611234', user_id: 'anders', 'Device-Secret': 'x', details: { address: 'Vej 1' } }, /610161|anders|Vej 1|"x"/],
    ['deep inside', { call: { grant: [{ password: 'hunter2' }] } }, /hunter2/],
    ['inside a text', { problem: 'number 610161-1234 of jens@example.dk, token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLi4u' }, /610161|jens@|eyJ/],
    ['in an error and its cause', { err: new Error('user 6101611234', { cause: new Error('mail jens@example.dk') }) }, /610161|jens@/],
    ['as bytes', { bytes: Buffer.from('hunter2') }, /hunter2|aHVudGVyMg/],
    ['in the fields of a child', { child: true }, /hunter2/],
  ])('never holds what is personal: %s', (_where, fields, personal) => {
    const [line] = logged((logger) => logger.child({ password: 'hunter2' }).info(fields, 'something happened'));
    expect(JSON.stringify(line)).not.toMatch(personal);
    expect(line).toMatchObject({ level: 'info', name: 'consent', msg: 'something happened' });
  });

  it('keeps what finding a fault needs: kind, stack, reason, ids, ports', () => {
    const error = Object.assign(new TypeError('no such stream consent-abc'), { code: 'ECONNRESET' });
    const [line] = logged((logger) => logger.error({ err: error, position: 17, address: undefined, grpc: '127.0.0.1:7401', position_: 'consent/0@1234567890' }, 'it failed'));
    expect(line).toMatchObject({ err: { type: 'TypeError', reason: 'ECONNRESET', message: 'no such stream consent-abc', stack: expect.stringContaining('logger.spec') }, position: 17, grpc: '127.0.0.1:7401', position_: 'consent/0@1234567890' });
  });

  it('is bounded, whatever is thrown at it', () => {
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    const [line] = logged((logger) => logger.info({ endless, many: Array.from({ length: 1000 }, () => 'x'), long: 'y'.repeat(100_000) }, 'much'));
    expect(JSON.stringify(line).length).toBeLessThan(5000);
  });

  it('carries trace and correlation, with no SDK at work, and events carry the same', async () => {
    const telemetry = await startTelemetry('consent', {});
    const parent = withCorrelationId(requestContext('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'), 'correlation-1');
    const lines: Record<string, unknown>[] = [];
    await inSpan('rpc', { parent }, async () => {
      await Promise.resolve();
      lines.push(...logged((logger) => logger.info({}, 'inside')));
      expect(currentTraceParent()?.toString('hex')).toContain('0af7651916cd43dd8448eb211c80319c');
    });
    expect(lines[0]).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', correlationId: 'correlation-1' });
    await telemetry.stop();
  });
});

describe('a trace', () => {
  it('comes from what was sent, or is new where that is broken', () => {
    const sent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(formatTraceParent(parseTraceParent(sent)!)).toBe(sent);
    for (const broken of ['', 'x', sent.toUpperCase(), sent.replace('b7ad', 'zzzz'), `${sent}-more`, '00-00000000000000000000000000000000-b7ad6b7169203331-01']) expect(parseTraceParent(broken)).toBeUndefined();
  });

  it('is a new one, with no SDK at work, for each request that brought none', async () => {
    const telemetry = await startTelemetry('consent', {});
    const traced = () => inSpan('rpc', { parent: requestContext('broken') }, async () => currentTraceParent()!.toString('hex'));
    const [first, second] = [await traced(), await traced()];
    expect(first).toMatch(/^[0-9a-f]{48}$/);
    expect(second).not.toBe(first);
    await telemetry.stop();
  });
});
