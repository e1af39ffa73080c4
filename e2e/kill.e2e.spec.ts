import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdActsAgainst } from './support/acts.js';
import { parseDay } from './support/day-report.js';
import { killOne } from './support/kill-one.js';
import { replayed } from './support/replayed.js';
import { type Finished, serviceNames, System } from './support/system.js';
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
        const service = serviceNames[Math.floor(Math.random() * serviceNames.length)]!;
        kills.push(service);
        await killOne(system, service);
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
    holdActsAgainst(await replayed(system), reports);
    for (const check of [['verify', '--entries'], ['compare']]) {
      const verdict = await system.auditor(...check);
      expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
    }
  });
});
