import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeyChangeProof } from '@tillid/eventsourcing';
import { keyChangePath, LogKeys, parseVkey, verifyLog } from '@tillid/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
let lastSeen: string | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillid-rotate-crash-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function runUntilKilled(moment: string, times: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'rotating-process.mjs'), folder, moment, String(times)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [, by] = (await once(child, 'close')) as [number | null, string | null];
  expect(by).toBe('SIGKILL');
}

/** What somebody finds in the files as they lie there, who knows one key and kept what was seen last. */
async function verdict(vkeyFile: string) {
  const log = join(folder, 'log');
  const read = (path: string) => readFile(join(log, path)).catch(() => undefined);
  const trusted = parseVkey(await readFile(join(folder, vkeyFile), 'utf8'));
  let keys = new LogKeys(trusted);
  for (let proof = await read(keyChangePath(trusted.keyId)); proof; proof = await read(keyChangePath(keys.all.at(-1)!.keyId))) keys = new LogKeys(trusted, [...keys.steps, openKeyChangeProof(proof, 'key', { key: keys.all.at(-1)! })]);
  const paths = (await readdir(log, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(log.length + 1));
  const { findings, checkpoint } = await verifyLog({ read, list: () => paths }, keys, { entries: true, ...(vkeyFile === 'first.vkey' && lastSeen !== undefined && { previousCheckpoint: lastSeen }) });
  return { findings, kept: checkpoint && keys.kept(checkpoint), changes: keys.steps.length };
}

// One folder for all of them: each start mends what the end before left behind.
describe('a signer that replaces its key and is killed', () => {
  const moments = ['after_secret', 'after_announced', 'after_bundles', 'after_tiles', 'after_record', 'after_checkpoint', 'after_key_change', 'after_destroyed'] as const;
  let changes = 0;
  it.each(Array.from({ length: 24 }, (_, run) => [moments[run % 8] as string, 1 + (run % 3)] as const))('%s, the %i. time, leaves a log that its first key leads to, and that only grew', async (moment, times) => {
    await runUntilKilled(moment, times);
    // Before anything is mended: what is on disk now is what anyone may have fetched.
    const first = await verdict('first.vkey');
    expect(first.findings).toEqual([]);
    expect((await verdict('log.vkey')).findings).toEqual([]);
    expect(first.changes).toBeGreaterThanOrEqual(changes);
    [lastSeen, changes] = [first.kept, first.changes];
  });

  it('and goes on to the next', () => expect(changes).toBeGreaterThan(8));
});
