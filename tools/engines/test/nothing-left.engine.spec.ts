import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startEngines } from '@tillid/testing';
import { canSeeProcesses, Launcher, main, temporaryFolder } from './launcher.js';

// Whether they can be had here, and said so if not.
const engines = await startEngines({ mongo: true, kafka: true });
await engines?.stop();

/** A parent that starts the launcher as a test or `tillid up` does, and then only waits. */
const parent = ['--input-type=module', '-e', `import { spawn } from 'node:child_process';
  spawn(process.execPath, [${JSON.stringify(main)}, ...process.argv.slice(1)], { stdio: ['pipe', 'pipe', 'inherit'] }).stdout.pipe(process.stdout);`, '--'];
const both = ['up', '--mongo', '--kafka', '--jars-only'];

describe.skipIf(!engines || !canSeeProcesses)('nothing is left running', () => {
  it('when the launcher is told to stop by the end of its stdin', async () => {
    const launcher = new Launcher(both);
    await launcher.answer();
    expect(launcher.running().filter(([, line]) => line.startsWith('java'))).toHaveLength(2);
    expect(await launcher.stop()).toBe(0);
    await launcher.untilNothingIsLeft();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('after %s', async (signal) => {
    const launcher = new Launcher(['up', '--mongo', '--jars-only']);
    await launcher.answer();
    launcher.process.kill(signal);
    expect(await launcher.ended()).toBe(0);
    await launcher.untilNothingIsLeft();
  });

  it('when the launcher is killed', async () => {
    const launcher = new Launcher(both);
    await launcher.answer();
    launcher.process.kill('SIGKILL');
    await launcher.untilNothingIsLeft();
  });

  it('when its parent is killed', async () => {
    const launcher = new Launcher(both, {}, parent);
    await launcher.answer();
    launcher.process.kill('SIGKILL');
    await launcher.untilNothingIsLeft();
  });

  it('when the launcher is killed while its broker is stopped by SIGSTOP', async () => {
    const launcher = new Launcher(['up', '--kafka', '--jars-only']);
    await launcher.answer();
    process.kill(await launcher.untilRunning(/kafka\.Kafka/), 'SIGSTOP');
    launcher.process.kill('SIGKILL');
    await launcher.untilNothingIsLeft();
  });

  it('when someone ends the watchdog', async () => {
    const launcher = new Launcher(['up', '--mongo', '--jars-only']);
    await launcher.answer();
    process.kill(await launcher.untilRunning(/watchdog\.mjs/), 'SIGKILL');
    expect(await launcher.ended()).toBe(1);
    await launcher.untilNothingIsLeft();
  });

  it.each([60, 120, 240, 360, 480, 700, 1000])('when the launcher is killed %d ms after its start, whatever it was doing', async (ms) => {
    const launcher = new Launcher(both);
    await pause(ms);
    launcher.process.kill('SIGKILL');
    await launcher.untilNothingIsLeft();
  });

  it('when an engine dies unasked: the launcher stops and says which', async () => {
    const launcher = new Launcher(both);
    await launcher.answer();
    process.kill(await launcher.untilRunning(/MongoMain/), 'SIGKILL');
    expect(await launcher.ended()).toBe(1);
    expect(launcher.stderr).toContain('mongo ended by itself (SIGKILL)');
    await launcher.untilNothingIsLeft();
  });
});

describe.skipIf(!engines || !canSeeProcesses)('the cache', () => {
  const emptyCache = () => temporaryFolder('cache');
  const mongo = ['up', '--mongo', '--jars-only'];

  it('is filled once by two launchers that start at once, and both serve', async () => {
    const cache = emptyCache();
    const launchers = [0, 1].map(() => new Launcher(mongo, { XDG_CACHE_HOME: cache }));
    await Promise.all(launchers.map((launcher) => launcher.answer()));
    expect(launchers.filter(({ stderr }) => stderr.includes('fetched mongo-java-server'))).toHaveLength(1);
    await Promise.all(launchers.map((launcher) => launcher.stop()));
    expect(readdirSync(join(cache, 'tillid-engines')).filter((name) => !name.endsWith('.lock'))).toEqual([expect.stringMatching(/^mongo-[0-9a-f]{12}$/)]);
  });

  it('is filled by the next launcher when the first was killed in it, and Maven with it', async () => {
    const cache = emptyCache();
    const first = new Launcher(mongo, { XDG_CACHE_HOME: cache });
    await first.untilRunning(/maven-dependency-plugin/);
    first.process.kill('SIGKILL');
    await first.untilNothingIsLeft();
    const next = new Launcher(mongo, { XDG_CACHE_HOME: cache });
    await next.answer();
    await next.stop();
    expect(readdirSync(join(cache, 'tillid-engines')).filter((name) => name.includes('.part-'))).toEqual([]);
  });
});
