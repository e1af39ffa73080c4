import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { LogFiles } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { fileBytesMax } from './file-size.js';

/** A log as a folder; every file in it is looked at, also what no tree names. */
export async function folderFiles(folder: string): Promise<LogFiles> {
  const found = await stat(folder).catch((error: unknown) => {
    throw new CouldNotLook(`${folder} cannot be read`, { cause: error });
  });
  if (!found.isDirectory()) throw new CouldNotLook(`${folder} is not a folder`);
  return {
    async read(path) {
      try {
        return await readStart(join(folder, path));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw new CouldNotLook(`${join(folder, path)} cannot be read`, { cause: error });
      }
    },
    list: () => pathsUnder(folder),
  };
}

/**
 * A byte more than the largest file of a log is enough to find that one is too large. Opened without waiting, and read
 * only when it is a file: a pipe or a device in a tile's place would never end.
 */
async function readStart(path: string): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile()) return undefined;
    const bytes = Buffer.allocUnsafe(Math.min(found.size, fileBytesMax + 1));
    let read = 0;
    for (let more = 1; more > 0 && read < bytes.length; read += more) more = (await file.read(bytes, read, bytes.length - read)).bytesRead;
    return bytes.subarray(0, read);
  } finally {
    await file.close();
  }
}

async function* pathsUnder(folder: string, prefix = ''): AsyncIterable<string> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: unknown) => {
    // A running log removes the folders of partial tiles that are full now.
    if (isAbsent(error)) return [];
    throw new CouldNotLook(`${join(folder, prefix)} cannot be listed`, { cause: error });
  });
  for (const entry of entries) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) yield* pathsUnder(folder, path);
    else yield sep === '/' ? path : path.replaceAll(sep, '/');
  }
}

/** A folder where a file should be, or a link in a circle, counts as a file that is missing. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}
