import { open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CouldNotLook } from './could-not-look.js';

export interface SavedState {
  readonly text: string;
  /** By this machine's clock. */
  readonly savedAtMs: number;
}

/** What an earlier run saw, such as a checkpoint: the log may only have grown since. Undefined at the first run. */
export async function readState(path: string): Promise<SavedState | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), savedAtMs: (await stat(path)).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CouldNotLook(`${path} cannot be read`, { cause: error });
  }
}

/** The old or the new one, whole, whatever happens: a state lost is a fork that is never found. */
export async function saveState(path: string, text: string, mode = 0o644): Promise<void> {
  try {
    const written = `${path}.writing`;
    await writeDurably(written, text, mode);
    await rename(written, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw new CouldNotLook(`${path} cannot be written`, { cause: error });
  }
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
