import { systemIds } from '@tillid/crypto';
import { silentLogger } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { Gate } from '../gate/gate.js';
import { RateLimit } from '../gate/rate-limit.js';
import { RefusalLog } from '../gate/refusal-log.js';
import { publicHttpServer } from './http-server.js';

const clock = { nowMs: () => 1_000_000 };
const refusals = new RefusalLog(clock, silentLogger, () => Promise.resolve());
const rates = new RateLimit(clock);
const gate = new Gate({ rules: {}, rates, tokens: { check: () => Promise.reject(new Error('nobody has one')) }, refusals, clock, ids: systemIds });
const answer = () => Promise.resolve({ status: 200, contentType: 'text/plain', body: 'answered' });

describe('the routes of a server', () => {
  it('are those of the table and the HEAD of each; one that came past it answers nobody', async () => {
    const server = publicHttpServer({ routes: [{ method: 'GET', path: '/checkpoint', access: 'public', handle: answer }, { method: 'GET', path: '/entries', access: ['auditor'], handle: answer }], gate, rates, refusals, logger: silentLogger });
    server.get('/back-door', () => 'answered');
    await server.ready();
    const registered = ['/checkpoint', '/entries', '/back-door'].filter((url) => server.hasRoute({ method: 'GET', url }));
    expect(registered).toEqual(['/checkpoint', '/back-door']);
    const statuses = Object.fromEntries(await Promise.all(registered.map(async (url) => [url, (await server.inject({ method: 'GET', url })).statusCode] as const)));
    expect(statuses).toEqual({ '/checkpoint': 200, '/back-door': 404 });
    await server.close();
  });
});
