import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVkey, verifyLog, vkeyOf } from '@tillid/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const verifier = parseVkey(vkeyOf('log.example/one', Buffer.alloc(32, 3)));
let folder: string;
let lastSeen: string | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-crash-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs until it kills itself; answers every checkpoint it said it had signed. */
async function runUntilKilled(moment: string, times: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'integrating-process.mjs'), folder, moment, String(times)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const signal = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  const whole = output.split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as string);
}

async function files() {
  const log = join(folder, 'log');
  const paths = (await readdir(log, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(log.length + 1));
  return { read: (path: string) => readFile(join(log, path)).catch(() => undefined), list: () => paths };
}

// One folder for all of them: each start mends what the end before left behind.
describe('a signer that is killed', () => {
  const moments = ['after_bundles', 'after_tiles', 'after_record', 'after_checkpoint'] as const;
  it.each(Array.from({ length: 24 }, (_, run) => [moments[run % 4] as string, 1 + (run % 5)] as const))('%s, the %i. time, leaves a log that holds and only grew', async (moment, times) => {
    const signed = await runUntilKilled(moment, times);
    // Before anything is mended: what is on disk now is what anyone may have fetched.
    const previousCheckpoint = lastSeen;
    const verdict = await verifyLog(await files(), verifier, { entries: true, ...(previousCheckpoint !== undefined && { previousCheckpoint }) });
    expect(verdict.findings).toEqual([]);
    for (const checkpoint of signed.slice(-1)) expect((await verifyLog(await files(), verifier, { previousCheckpoint: checkpoint })).findings).toEqual([]);
    lastSeen = verdict.checkpoint;
  });
});
