import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A secret in a file of its own, mode 0600: read if it is there, else made once. Two processes that make it at the same
 * time both come back with the one that won. A crash leaves either no file or a whole one, and perhaps a `.tmp-` beside it.
 */
export async function openSecretFile(path: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Buffer> {
  const existing = await readSecretFile(path);
  if (existing) return existing;
  const temporary = await writeTemporary(path, await make());
  try {
    // link fails where rename would replace: the first one stays.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
  return readFile(path);
}

/** Puts other content in its place, whole or not at all: key rotation, a renewed certificate. */
export async function replaceSecretFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = await writeTemporary(path, content);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Undefined when there is no such file. */
export async function readSecretFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeTemporary(path: string, content: Uint8Array | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.tmp-${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

/** The name itself is durable only once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
