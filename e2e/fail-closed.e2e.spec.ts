import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDay, playDay } from './support/day-report.js';
import { System } from './support/system.js';
import { until } from './support/until.js';

let system: System;

beforeAll(async () => {
  system = await System.start(22_600, { environment: { TILLID_CONSENT_UNRECORDED_SHARE_SECONDS: '1' } });
});

afterAll(async () => {
  await system?.remove();
});

describe('a country whose record stands still', () => {
  it('lets people log in and consent, and nobody share; all goes on the moment the record does', async () => {
    await playDay(system, '--citizens', '2');
    const audit = system.running.pids.audit;
    process.kill(audit, 'SIGSTOP');
    const stoppedDay = async () => parseDay((await system.tillid('demo', '--json', '--citizens', '6')).stdout);
    // The shares of the first day may still wait for the record; by the second they have waited too long.
    await stoppedDay();
    const day = await stoppedDay().finally(() => process.kill(audit, 'SIGCONT'));
    const refused = day.refusals.filter(({ code }) => code === 'audit.unavailable').map(({ rpc }) => rpc.split('/').at(-1));
    expect([...new Set(refused)].filter((rpc) => rpc !== 'RequestShare' && rpc !== 'AuthorizeShare' && rpc !== 'ReleaseAttributes')).toEqual([]);
    expect(refused.length).toBeGreaterThan(0);
    const done = new Set(day.acknowledged.map(({ rpc }) => rpc.split('/').at(-1)));
    for (const rpc of ['SubmitCode', 'RedeemSignIn', 'GrantConsent']) expect([...done], rpc).toContain(rpc);

    await until('the record has caught up', async () => (await system.auditor('compare')).code === 0);
    expect((await playDay(system, '--citizens', '2')).expectations.filter(({ held }) => !held)).toEqual([]);
    // Nothing that was refused is anywhere, and all that was let through is in the record.
    expect((await system.auditor('verify', '--entries')).code).toBe(0);
  });
});
