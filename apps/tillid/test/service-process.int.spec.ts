import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { takeLock } from '../src/installation/lock.js';
import { RotatingLog } from '../src/up/rotating-log.js';
import { ServiceProcess } from '../src/up/service-process.js';

const support = join(import.meta.dirname, 'support');
// Built by tsc: a child process cannot load TypeScript.
const dieWithParent = join(import.meta.dirname, '../dist/up/die-with-parent.js');
const alive = (pid: number) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
let running: ServiceProcess | undefined;
afterEach(() => running?.stop());

function watch(program: string) {
  const logFile = join(mkdtempSync(join(tmpdir(), 'tillid-service-')), 'x.log');
  const heard: string[] = [];
  const waiting: { is: (line: string) => boolean; tell: (line: string) => void }[] = [];
  const hear = (line: string) => {
    heard.push(line);
    for (const { is, tell } of waiting) if (is(line)) tell(line);
  };
  const until = (is: (line: string) => boolean) => new Promise<string>((tell) => waiting.push({ is, tell }));
  running = new ServiceProcess(
    { name: 'x', arguments: ['--import', dieWithParent, join(support, program)], environment: { PATH: process.env['PATH']! }, log: new RotatingLog(logFile) },
    { started: (_name, pid) => hear(`started ${pid}`), died: (_name, how) => hear(`died ${how}`) },
  );
  return { process: running, until, heard, logFile };
}

describe('a watched service', () => {
  it('is started again when it is killed, and stops in good order when asked', async () => {
    const { process: service, until, heard, logFile } = watch('steady.mjs');
    const first = until((line) => line.startsWith('started'));
    service.start();
    const pid = Number((await first).split(' ')[1]);
    const died = until((line) => line.startsWith('died'));
    const again = until((line) => line.startsWith('started') && !line.endsWith(` ${pid}`));
    process.kill(pid, 'SIGKILL');
    expect(await died).toBe('died was ended by SIGKILL');
    const second = Number((await again).split(' ')[1]);
    await waitFor(() => readFileSync(logFile, 'utf8').includes(`there ${second}`));
    await service.stop();
    expect(alive(second)).toBe(false);
    expect(readFileSync(logFile, 'utf8')).toContain('stopping');
    expect(heard).toHaveLength(3);
  });
});

describe('a service whose parent is killed', () => {
  it('stops as if it had been asked to', async () => {
    const parent = spawn(process.execPath, [join(support, 'parent.mjs'), dieWithParent, join(support, 'steady.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.on('data', (chunk: Buffer) => resolve(Number(chunk.toString().split(' ')[1]))));
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await waitFor(() => !alive(pid));
  });
});

describe('a data folder whose holder is killed', () => {
  it('is free at once: there is no stale lock', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'tillid-lock-')), 'lock');
    const lock = join(import.meta.dirname, '../dist/installation/lock.js');
    const holder = spawn(process.execPath, ['--input-type=module', '-e', `import { takeLock } from ${JSON.stringify(lock)}; const held = takeLock(${JSON.stringify(path)}); setInterval(() => held, 1000); console.log('held');`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(takeLock(path)).toBeUndefined();
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    const taken = takeLock(path);
    expect(taken).toBeDefined();
    taken!.release();
  });
});

async function waitFor(holds: () => boolean): Promise<void> {
  for (const until = Date.now() + 10_000; !holds(); ) {
    if (Date.now() > until) throw new Error('it did not come to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
