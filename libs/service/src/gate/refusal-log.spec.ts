import { silentLogger } from '@tillid/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { RefusalLog, type BrokenRule } from './refusal-log.js';

let nowMs = 0;
let recorded: BrokenRule[] = [];
let failing = false;
const caller = (id: string) => ({ kind: 'relying_service' as const, id, thumbprint: 't' });
const broken = (id = 'bank') => ({ caller: caller(id), rpc: '/rpc', reason: 'call.not_allowed' });
const logOf = () =>
  new RefusalLog({ nowMs: () => nowMs }, silentLogger, async (rule) => {
    if (failing) throw new Error('full');
    recorded.push(rule);
  });

beforeEach(() => {
  nowMs = 1_000_000;
  recorded = [];
  failing = false;
});

describe('rules that a known caller breaks', () => {
  it('are recorded ten a minute; the rest is one event that counts them', async () => {
    const log = logOf();
    for (let i = 0; i < 500; i++) await log.broken(broken());
    expect(recorded.map(({ count }) => count)).toEqual(Array.from({ length: 10 }, () => 1));
    nowMs += 60_000;
    await log.flushEnded();
    expect(recorded.map(({ count }) => count).slice(10)).toEqual([490]);
    await log.flushEnded();
    expect(recorded).toHaveLength(11);
  });

  it('are counted out when the next one comes, even if nobody looked in between', async () => {
    const log = logOf();
    for (let i = 0; i < 12; i++) await log.broken(broken());
    nowMs += 61_000;
    await log.broken(broken());
    expect(recorded.slice(10).map(({ count }) => count)).toEqual([2, 1]);
  });

  it('by one caller leave the others their ten', async () => {
    const log = logOf();
    for (let i = 0; i < 50; i++) await log.broken(broken());
    await log.broken(broken('hospital'));
    expect(recorded.at(-1)).toMatchObject({ caller: { id: 'hospital' }, count: 1 });
  });

  it('are all accounted for when the service stops', async () => {
    const log = logOf();
    for (let i = 0; i < 33; i++) await log.broken(broken());
    await log.flushEnded(true);
    expect(recorded.reduce((sum, { count }) => sum + count, 0)).toBe(33);
  });

  it('stay refusals when they cannot be recorded', async () => {
    failing = true;
    await expect(logOf().broken(broken())).resolves.toBeUndefined();
  });
});
