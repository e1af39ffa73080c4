import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { holdActsAgainst } from './support/acts.js';
import { Cluster } from './support/cluster.js';
import { type DayReport, parseDay, playDay } from './support/day-report.js';
import { killOne } from './support/kill-one.js';
import { replayed } from './support/replayed.js';
import { until } from './support/until.js';

const cluster = await Cluster.start(22_000);
afterAll(() => cluster?.remove());

describe.skipIf(!cluster)('a national day on the cluster', () => {
  const { system, engines, wire } = cluster!;
  const days: DayReport[] = [];

  it('goes as the citizens expect, and holds before the auditor', async () => {
    days.push(await playDay(system, '--citizens', '5'));
    expect(days[0]!.expectations.filter(({ held }) => !held)).toEqual([]);
    await holdsBeforeTheAuditor();
  });

  it('goes on while replicas, lease holders, the broker and the wire to the database die under it', async () => {
    const harm: readonly (readonly [what: string, () => Promise<unknown>])[] = [
      ...system.running.replicas.map(({ name }) => [`${name} is killed`, () => killOne(system, name)] as const),
      ...(['identity', 'authentication', 'consent', 'audit'] as const).map((service) => [`the relay of ${service} is killed`, async () => killOne(system, await cluster!.holder(service, 'relay'))] as const),
      ['the integrator is killed', async () => killOne(system, await cluster!.holder('audit', 'integration'))],
      ['whoever takes in for audit is killed', async () => killOne(system, await cluster!.holder('audit', 'background'))],
      ['the broker is killed, and away for ten seconds', async () => {
        await engines.kill('kafka');
        await pause(10_000);
        await engines.start('kafka');
      }],
      ['connections to the database are cut', async () => {
        for (let cut = 0; cut < 5; cut++) {
          wire.cut();
          await pause(300);
        }
      }],
      ['connections to the database stall', async () => {
        wire.stall();
        await pause(3_000);
        wire.resume();
      }],
      ['a consumer is paused for a minute', async () => {
        const pid = system.running.pids[await cluster!.holder('consent', 'background')]!;
        process.kill(pid, 'SIGSTOP');
        await pause(60_000);
        process.kill(pid, 'SIGCONT');
      }],
    ];
    let over = false;
    const playing = (async () => {
      while (!over) days.push(parseDay((await system.tillid('demo', '--json', '--keep-going', '--citizens', '5')).stdout));
    })();
    const done: string[] = [];
    for (const [what, does] of harm) {
      await does();
      done.push(what);
      await pause(500);
    }
    over = true;
    await playing;
    expect(days.flatMap(({ expectations }) => expectations.filter(({ held }) => !held)), done.join(', ')).toEqual([]);
  });

  it('has lost nothing it acknowledged and invented nothing', async () => {
    let last = '';
    await until('every source is in the ledger', async () => {
      const { code, stdout, stderr } = await system.auditor('compare');
      last = stdout + stderr;
      return code === 0;
    }).catch(async (error: unknown) => {
      throw new Error(`${last}\n${(await system.tillid('status')).stdout}`, { cause: error });
    });
    holdActsAgainst(await replayed(system), days);
    await holdsBeforeTheAuditor();
  });

  it('is a function of the ledger: every list of every service, built again from nothing, is the same to the bit', async () => {
    const { code, stdout, stderr } = await system.auditor('rebuild');
    expect(code, stdout + stderr).toBe(0);
  });

  async function holdsBeforeTheAuditor(): Promise<void> {
    for (const args of [['verify', '--entries'], ['compare']]) {
      const verdict = await system.auditor(...args);
      expect(verdict.code, `${args.join(' ')}\n${verdict.stdout}${verdict.stderr}`).toBe(0);
    }
  }
});
