import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceSecretFile } from '@tillid/crypto';
import { OpeningRefused } from './opening-refused.js';

/** Where the new log is written, beside the old one; and where the old one is kept. */
const opening = 'opening';
const ready = 'ready';
/** Of the old log, with nothing in the new one yet that takes their place. */
const onlyOld = ['read-models.sqlite', 'readings.sqlite', 'log.writing', 'restored'];

export function openingFolder(data: string): string {
  return join(data, opening);
}

/** The new log is whole and takes the old one's place. From here on there is no way back, and nobody else may open a store. */
export function isUnfinished(data: string): boolean {
  return existsSync(join(data, opening, ready));
}

export async function markReady(data: string, former: string): Promise<void> {
  await replaceSecretFile(join(data, opening, ready), former);
}

/**
 * The old files go to a folder of their own, the new ones take their names: one after the other, each by a rename. A crash leaves some
 * of both; the next run goes on, for what is still in `opening/` is what has not been moved. Answers where the old ones are.
 */
export async function putInPlace(data: string, at: (moment: string) => void = () => undefined): Promise<string> {
  const from = openingFolder(data);
  const former = join(data, await readFile(join(from, ready), 'utf8'));
  for (const name of onlyOld) await moveAway(data, former, name);
  const secrets = (await readdir(join(from, 'secrets')).catch(() => [])).map((name) => join('secrets', name));
  const names = (await readdir(from)).filter((name) => ![ready, 'secrets', 'log.writing'].includes(name));
  await mkdir(join(data, 'secrets'), { recursive: true, mode: 0o700 });
  for (const name of [...names, ...secrets]) {
    await moveAway(data, former, name);
    at(`away ${name}`);
    await rename(join(from, name), join(data, name));
    at(`in ${name}`);
  }
  for (const folder of [former, join(former, 'secrets'), join(data, 'secrets'), data]) await syncFolder(folder);
  await rm(from, { recursive: true });
  return former;
}

/** With the journal of a store. Nothing that is kept is ever overwritten. */
async function moveAway(data: string, former: string, name: string): Promise<void> {
  for (const file of name.endsWith('.sqlite') ? [name, `${name}-wal`, `${name}-shm`] : [name]) {
    if (!existsSync(join(data, file))) continue;
    if (existsSync(join(former, file))) throw new OpeningRefused('origin.former_there', `${join(former, file)} is there already`);
    await mkdir(dirname(join(former, file)), { recursive: true, mode: 0o700 });
    await rename(join(data, file), join(former, file));
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  await folder?.sync().finally(() => folder.close());
}
