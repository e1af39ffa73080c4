import { readdir, readFile, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { LogFiles } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';

/** A log as a folder; every file in it is looked at, also what no tree names. */
export async function folderFiles(folder: string): Promise<LogFiles> {
  const found = await stat(folder).catch((error: unknown) => {
    throw new CouldNotLook(`${folder} cannot be read`, { cause: error });
  });
  if (!found.isDirectory()) throw new CouldNotLook(`${folder} is not a folder`);
  return {
    async read(path) {
      try {
        return await readFile(join(folder, path));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw new CouldNotLook(`${join(folder, path)} cannot be read`, { cause: error });
      }
    },
    list: () => pathsUnder(folder),
  };
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

/** A folder where a file should be counts as a file that is missing. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
