import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { serviceNames } from '@tillid/runtime';
import type { DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import { isEmptyFolder } from './backup-folder.js';

/** All that opens, signs and proves who is who, by its place in the data folder: without it a backup is ciphertext. */
const secretPaths = ['installation.json', 'ca.pem', 'authority', 'callers', 'kafka', 'audit/log.vkey', ...serviceNames.flatMap((name) => [`${name}/secrets`, `${name}/tls`])];

/**
 * The newest copy takes the place of the one before: kept copies would keep the wrapping keys that are destroyed so that old
 * backups can be opened no more. A crash leaves the old copy, whole, beside or under its name.
 */
export async function copySecrets(data: DataFolder, to: string): Promise<void> {
  if (!(await isEmptyFolder(to)) && (await installationIn(to)) !== (await installationIn(data.path))) throw new CommandFailure(`${to} holds something else than secrets of this installation`, 1);
  const [fresh, old] = [`${to}.new`, `${to}.old`];
  await rm(fresh, { recursive: true, force: true });
  await placeSecrets(data.path, fresh);
  await rm(old, { recursive: true, force: true });
  if (!(await isEmptyFolder(to))) await rename(to, old);
  else await rm(to, { recursive: true, force: true });
  await rename(fresh, to);
  await rm(old, { recursive: true, force: true });
}

/** From one folder to the same places in another. */
export async function placeSecrets(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const path of secretPaths) {
    await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 });
    await cp(join(from, path), join(to, path), { recursive: true, preserveTimestamps: true }).catch(absentIsFine);
  }
}

export async function installationIn(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'installation.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { id?: string }).id;
}

function absentIsFine(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
