import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type DayReport, parseDay, playDay } from './support/day-report.js';
import { System } from './support/system.js';
import { until } from './support/until.js';

let system: System;
afterEach(async () => {
  await system?.remove();
});

const rpcName = ({ rpc }: { readonly rpc: string }) => rpc.split('/').at(-1);
const refusedUnrecorded = (day: DayReport) => [...new Set(day.refusals.filter(({ code }) => code === 'audit.unavailable').map(rpcName))];

/** A day while audit stands still, on which what a first such day did has waited longer than it may. */
async function dayWithoutRecord(limitMs: number): Promise<DayReport> {
  await playDay(system, '--citizens', '2');
  const audit = system.running.pids.audit;
  process.kill(audit, 'SIGSTOP');
  const stoppedDay = async () => {
    const kept = join(system.data, 'kept.json');
    const { stdout, stderr } = await system.tillid('demo', '--json', '--citizens', '6', '--own-log', kept);
    expect([existsSync(kept), stderr.includes(`${kept} is not written`)]).toEqual([false, true]);
    return parseDay(stdout);
  };
  try {
    await stoppedDay();
    await delay(limitMs);
    return await stoppedDay();
  } finally {
    process.kill(audit, 'SIGCONT');
  }
}

/** Nothing that was refused is anywhere, all that was let through is in the record, and another day is played whole. */
async function allGoesOn(): Promise<void> {
  const compared = async () => (await system.auditor('compare', '--state', join(system.data, 'seen.heads'))).code;
  await until('the record has caught up', async () => (await compared()) === 0);
  expect((await playDay(system, '--citizens', '2')).expectations.filter(({ held }) => !held)).toEqual([]);
  expect(await compared()).toBe(0);
  expect((await system.auditor('verify', '--entries')).code).toBe(0);
}

describe('a country whose record stands still', () => {
  it('lets people log in and consent, and nobody share; all goes on the moment the record does', async () => {
    system = await System.start(22_600, { environment: { TILLID_CONSENT_UNRECORDED_SHARE_SECONDS: '1' } });
    const day = await dayWithoutRecord(1_000);
    const refused = refusedUnrecorded(day);
    expect(refused.filter((rpc) => rpc !== 'RequestShare' && rpc !== 'AuthorizeShare' && rpc !== 'ReleaseAttributes')).toEqual([]);
    expect(refused.length).toBeGreaterThan(0);
    const done = new Set(day.acknowledged.map(rpcName));
    for (const rpc of ['SubmitCode', 'RedeemSignIn', 'GrantConsent']) expect([...done], rpc).toContain(rpc);
    await allGoesOn();
  });

  it('lets nobody begin to log in where that is its policy; all goes on the moment the record does', async () => {
    system = await System.start(22_600, { environment: { TILLID_SIGN_IN_UNRECORDED: 'refuse', TILLID_SIGN_IN_UNRECORDED_SECONDS: '8' } });
    const day = await dayWithoutRecord(8_000);
    expect(refusedUnrecorded(day)).toEqual(['BeginSignIn']);
    expect(day.acknowledged.map(rpcName)).not.toContain('BeginSignIn');
    await allGoesOn();
  });
});
