import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into every service by `node --import`. Descriptor 3 is a pipe that only `tillid up` holds the other end of: the
 * kernel closes it when that process ends, SIGKILL included, and then the service stops as if it had been asked to.
 */
const parentPipe = 3;
const patienceMs = 5000;

if (isMainThread) {
  const pipe = new Socket({ fd: parentPipe, readable: true, writable: false });
  pipe.on('error', stop).on('close', stop).resume();
  // The service's own work keeps it running, not this.
  pipe.unref();
}

function stop(): void {
  process.kill(process.pid, 'SIGTERM');
  // A stop that hangs would leave an orphan on the ports and the stores of the next start.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), patienceMs).unref();
}
