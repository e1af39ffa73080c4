import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogOnDisk, logOf, workingDay } from '../src/record.spec-kit.js';

const program = join(import.meta.dirname, '../bin/tillid-auditor.mjs');
let log: LogOnDisk;
beforeAll(async () => void (log = await LogOnDisk.write(logOf(workingDay().leaves))));
afterAll(() => log.remove());

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}
const verify = (...args: string[]) => run('verify', log.log, '--vkey', log.vkey, ...args);

describe('tillid-auditor', () => {
  it('exits 0 when a log holds, and says what was not looked at', async () => {
    const { code, out, err } = await verify();
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('bundles were not looked at');
    expect(out).toMatch(/HOLDS\n$/);
  });
  it('answers --json with one object', async () => {
    const { code, out } = await verify('--entries', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ holds: true, log: { head: { size: 609 }, entriesChecked: true }, record: { entries: 609 } });
    expect((JSON.parse(out) as { log: { head: { root: string } } }).log.head.root).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });
  it('exits 1 when it finds something wrong, and says where', async () => {
    const broken = await log.copy();
    const tile = join(broken.log, 'tile/0/000');
    const bytes = await readFile(tile);
    bytes[5]! ^= 1;
    await writeFile(tile, bytes);
    const { code, out } = await run('verify', broken.log, '--vkey', broken.vkey);
    expect(code).toBe(1);
    expect(out).toMatch(/WRONG: 1 found\n {2}tile\.mismatch {2}tile\/0\/000/);
    await broken.remove();
  });
  it('keeps the checkpoint it saw, only when all held, and finds a fork the next time', async () => {
    const state = join(log.folder, 'seen');
    expect((await verify('--state', state)).code).toBe(0);
    const kept = await readFile(state, 'utf8');
    expect(kept).toBe(await readFile(join(log.log, 'checkpoint'), 'utf8'));
    const fork = await LogOnDisk.write(logOf(workingDay().leaves));
    const { code, out } = await run('verify', fork.log, '--vkey', log.vkey, '--state', state);
    expect([code, out.includes('checkpoint.forked')]).toEqual([1, true]);
    expect(await readFile(state, 'utf8')).toBe(kept);
    await fork.remove();
  });
  it.each([
    ['a folder that is not there', () => ['verify', '/nowhere', '--vkey', log.vkey]],
    ['a key that is not there', () => ['verify', log.log, '--vkey', '/nowhere']],
    ['a key that is none', () => ['verify', log.log, '--vkey', join(log.log, 'checkpoint')]],
    ['a state that is no checkpoint', () => ['verify', log.log, '--vkey', log.vkey, '--state', log.vkey]],
    ['a server that is not there', () => ['verify', 'http://127.0.0.1:1', '--vkey', log.vkey]],
    ['nothing running', () => ['verify', '--data', '/nowhere']],
    ['nothing running to compare', () => ['compare', '--data', '/nowhere']],
    ['nothing running to rebuild', () => ['rebuild', '--data', '/nowhere']],
    ['an option it does not have', () => ['verify', '--bogus']],
  ])('exits 2 at %s', async (_, args) => {
    const { code, out } = await run(...args());
    expect([code, out]).toEqual([2, '']);
  });
  it('says in JSON that it could not look', async () => {
    const { code, out } = await run('verify', '/nowhere', '--vkey', log.vkey, '--json');
    expect([code, typeof (JSON.parse(out) as { couldNotLook: string }).couldNotLook]).toEqual([2, 'string']);
  });
  it('replays a folder as one JSON object a line, the verdict apart', async () => {
    const { code, out, err } = await run('replay', log.log, '--vkey', log.vkey, '--from', '605');
    const lines = out.trimEnd().split('\n').map((line) => JSON.parse(line) as { leafIndex: number });
    expect([code, ...lines.map(({ leafIndex }) => leafIndex)]).toEqual([0, 605, 606, 607, 608]);
    expect(err).toMatch(/4 of 609 entries printed; HOLDS/);
  });
  it('loses nothing of a replay to a reader that is slow', async () => {
    const wanted = (await run('replay', log.log, '--vkey', log.vkey)).out.split('\n');
    // More than the 64 KiB a pipe takes, and less than what the process keeps before it waits: it is all printed before any of it is read.
    let [from, bytes] = [609, 0];
    while (bytes < 70_000) bytes += wanted[--from]!.length + 1;

    const pipe = join(log.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writing = openSync(pipe, 'w');
    const child = spawn(process.execPath, [program, 'replay', log.log, '--vkey', log.vkey, '--from', `${from}`], { stdio: ['ignore', writing, 'pipe'] });
    closeSync(writing);
    await rm(pipe);
    const ended = once(child, 'exit');
    const [verdict] = (await once(child.stderr!, 'data')) as [Buffer];
    expect(verdict.toString()).toContain(`${609 - from} of 609 entries printed; HOLDS`);
    expect(await text(new Socket({ fd: reading }))).toBe(wanted.slice(from).join('\n'));
    expect((await ended)[0]).toBe(0);
  });
  it('never exits as if all held when its reader hangs up before that is known', async () => {
    const broken = await log.copy();
    await rm(join(broken.log, 'tile/0/000'));
    const hungUpOn = async (...args: string[]) => {
      const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
      child.stdout.destroy();
      return ((await once(child, 'close')) as [number | null])[0];
    };
    expect(await hungUpOn('verify', broken.log, '--vkey', log.vkey)).toBe(1);
    expect(await hungUpOn('replay', log.log, '--vkey', log.vkey)).toBe(2);
    await broken.remove();
  });
  it.each(['verify', 'replay', 'compare', 'rebuild'])('%s --help has an example', async (command) => {
    const { code, out } = await run(command, '--help');
    expect([code, out.includes(`$ tillid-auditor ${command}`)]).toEqual([0, true]);
  });
});
