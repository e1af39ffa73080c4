import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdActsAgainst } from './support/acts.js';
import { parseDay } from './support/day-report.js';
import { killOne } from './support/kill-one.js';
import { replayed } from './support/replayed.js';
import { type Finished, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';

const days = 3;
const killsADay = 7;

let system: System;

beforeAll(async () => {
  system = await System.start(21_600);
});

afterAll(async () => {
  await system?.remove();
});

describe('a national day on which services die', () => {
  it(`loses nothing it acknowledged and invents nothing, after ${days * killsADay} kills`, async () => {
    const played: Finished[] = [];
    const kills: string[] = [];
    // A day that ends before its kills are done is followed by another; one that outlives them is played to its end.
    while (played.length < days || kills.length < days * killsADay) {
      let over = false;
      const day = system.tillid('demo', '--json', '--keep-going', '--citizens', '6').finally(() => (over = true));
      while (!over && kills.length < (played.length + 1) * killsADay) {
        const service = serviceNames[Math.floor(Math.random() * serviceNames.length)]!;
        kills.push(service);
        await killOne(system, service);
      }
      played.push(await day);
    }

    const reports = played.map(({ stdout, stderr }) => {
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
