import { join } from 'node:path';
import { openSecretFile, readSecretFile, replaceSecretFile } from '../secret-file.js';
import { checkSecret, checkSecretName, type Secrets } from './secrets.js';

/**
 * One machine: a file each, mode 0600. One process at a time has the folder (the data folder's lock sees to that), so
 * comparing and replacing take turns within it; a crash between the two leaves what was there, whole.
 */
export function fileSecrets(folder: string): Secrets {
  const pathOf = (name: string): string => {
    checkSecretName(name);
    return join(folder, name);
  };
  return {
    async open(name, make) {
      return checkSecret(name, await openSecretFile(pathOf(name), async () => checkSecret(name, await make())));
    },
    async read(name) {
      const content = await readSecretFile(pathOf(name));
      return content && checkSecret(name, content);
    },
    async replace(name, expected, next) {
      const path = pathOf(name);
      const content = checkSecret(name, next);
      return inTurn(path, async () => {
        if (!(await readSecretFile(path))?.equals(expected)) return false;
        await replaceSecretFile(path, content);
        return true;
      });
    },
  };
}

/** The last to stand in line for each path. */
const lines = new Map<string, Promise<unknown>>();

function inTurn<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const result = (lines.get(path) ?? Promise.resolve()).then(work);
  const last = result.catch(() => undefined).finally(() => lines.get(path) === last && lines.delete(path));
  lines.set(path, last);
  return result;
}
