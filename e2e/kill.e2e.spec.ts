import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDay } from './support/day-report.js';
import { replayed } from './support/replayed.js';
import { type Finished, type ServiceName, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';

const killsInAll = 20;

let system: System;

beforeAll(async () => {
  system = await System.start(21_600);
});

afterAll(async () => {
  await system?.remove();
});

describe('a national day on which services die', () => {
  it(`loses nothing it acknowledged and invents nothing, after ${killsInAll} kills`, async () => {
    const days: Finished[] = [];
    const kills: string[] = [];
    while (kills.length < killsInAll) {
      let over = false;
      const day = system.tillid('demo', '--json', '--keep-going', '--citizens', '6').finally(() => (over = true));
      while (!over && kills.length < killsInAll) {
        await killOne(serviceNames[Math.floor(Math.random() * serviceNames.length)]!, kills);
      }
      days.push(await day);
    }

    const reports = days.map(({ stdout, stderr }) => {
      expect(stdout, stderr).not.toBe('');
      return parseDay(stdout);
    });
    expect(reports.flatMap(({ expectations }) => expectations.filter(({ held }) => !held)), kills.join(' ')).toEqual([]);

    // Everything written is in the ledger once the feeds have caught up, which `compare` says.
    await until('every source is in the ledger', async () => (await system.auditor('compare')).code === 0);
    const acknowledged = reports.flatMap((report) => report.acknowledged);
    const entries = await replayed(system);
    const there = new Set(entries.map(({ source, position }) => `${source}@${position}`));
    expect(acknowledged.map(({ position }) => position).filter((position) => position !== '' && !there.has(position))).toEqual([]);

    // Nothing invented: each act that has one event has it as often as it was acknowledged, however often it was retried.
    for (const [rpc, type] of actsOfOneEvent) {
      const acts = acknowledged.filter((act) => act.rpc === rpc).length;
      expect(entries.filter((entry) => entry.type === type).length, `${type} for ${acts} acknowledged ${rpc}`).toBe(acts);
    }
    for (const check of [['verify', '--entries'], ['compare']]) {
      const verdict = await system.auditor(...check);
      expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
    }
  });
});

const actsOfOneEvent = [
  ['/tillid.identity.v1.IdentityService/RegisterCitizen', 'tillid.identity.v1.CitizenRegistered'],
  ['/tillid.authentication.v1.AuthenticationService/ActivateKey', 'tillid.authentication.v1.KeyActivated'],
  ['/tillid.authentication.v1.AuthenticationService/RedeemSignIn', 'tillid.authentication.v1.SessionStarted'],
  ['/tillid.consent.v1.ConsentService/RequestConsent', 'tillid.consent.v1.ConsentRequested'],
  ['/tillid.consent.v1.ConsentService/GrantConsent', 'tillid.consent.v1.ConsentGranted'],
  ['/tillid.consent.v1.ConsentService/WithdrawConsent', 'tillid.consent.v1.ConsentWithdrawn'],
  ['/tillid.consent.v1.ConsentService/RequestShare', 'tillid.consent.v1.ShareRequested'],
  ['/tillid.identity.v1.IdentityService/ReleaseAttributes', 'tillid.identity.v1.AttributesReleased'],
] as const;

/** kill -9, then waits until `tillid up` has it back: a service that is killed while it starts would only be killed again. */
async function killOne(service: ServiceName, kills: string[]): Promise<void> {
  const pid = system.running.pids[service];
  process.kill(pid, 'SIGKILL');
  kills.push(service);
  await until(`${service} is back`, async () => {
    if (system.running.pids[service] === pid) return false;
    const { stdout } = await system.tillid('status', '--json');
    try {
      return (JSON.parse(stdout) as { services: Record<string, { serving: boolean }> }).services[service]?.serving ?? false;
    } catch {
      return false;
    }
  });
}
