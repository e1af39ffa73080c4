import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { say } from './say.mjs';

const sqliteBusy = 5;
const lookEveryMs = 200;

/**
 * A folder of the cache that `fill(folder)` made from `inputs` once; other inputs are another folder.
 * It is filled under another name and renamed: whoever sees it sees all of it. A crash before the rename leaves a
 * `.part-` folder, which the next one that fills removes.
 */
export async function filledFolder(name, inputs, fill) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tillid-engines');
  const folder = join(cache, `${name}-${createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const release = await takeLock(`${folder}.lock`);
  try {
    if (existsSync(folder)) return folder;
    const parts = readdirSync(cache).filter((entry) => entry.startsWith(`${basename(folder)}.part-`));
    for (const part of parts) rmSync(join(cache, part), { recursive: true, force: true });
    const part = mkdtempSync(`${folder}.part-`);
    await fill(part);
    renameSync(part, folder);
    return folder;
  } finally {
    release();
  }
}

/** The operating system's own lock, taken through SQLite: it ends with the process however that ends. */
async function takeLock(path) {
  const database = new DatabaseSync(path, { timeout: 0 });
  for (let tries = 0; ; tries += 1) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return () => database.close();
    } catch (error) {
      if (error.errcode !== sqliteBusy) throw error;
      if (tries === 0) say('another launcher is filling the cache, waiting for it ...');
      await pause(lookEveryMs);
    }
  }
}
