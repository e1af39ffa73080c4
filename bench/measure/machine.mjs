import { cpus, loadavg, release, totalmem } from 'node:os';
import { execFileSync } from 'node:child_process';

/** Before the bench itself: above 0.3 someone else was using the cores, and rates (not CPU-ms) are too low. */
const [loadBefore] = loadavg();

/** What a number means nothing without. */
export function machine() {
  const [{ model }] = cpus();
  const commit = tryRun('git', ['rev-parse', '--short', 'HEAD']);
  return `${model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}, SQLite ${process.versions.sqlite}${commit && `, commit ${commit}`}; load before the run ${loadBefore.toFixed(2)}`;
}

function tryRun(command, args) {
  try {
    return execFileSync(command, args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
