import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseLogPath, type LogFiles } from '@tillid/transparency';

/** The same files, and whatever is read of them that entries are in, kept in a folder: what was proven is what is built from. */
export function keptFiles(files: LogFiles, folder: string): LogFiles {
  return {
    ...files,
    async read(path) {
      const bytes = await files.read(path);
      const place = parseLogPath(path);
      if (bytes && (place?.kind === 'bundle' || place?.kind === 'checkpoint')) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), bytes);
      }
      return bytes;
    },
  };
}
