import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Loading the program leaves some 60 MB of garbage that an idle process would keep for hours, since nothing makes V8
 * collect. One full collection when the service is ready gives it back (measured: 182 MB resident before it, 115 after).
 */
export function releaseStartupMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
