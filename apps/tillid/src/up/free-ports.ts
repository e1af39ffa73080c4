import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailure } from '../installation/failure.js';

/** A service whose `tillid up` was killed is gone from its ports by then: see die-with-parent. */
const patienceMs = 6000;
const lookEveryMs = 50;

/** Better one sentence now than four services that die of it. */
export async function waitUntilFree(addresses: readonly string[], stop: AbortSignal, withinMs = patienceMs): Promise<void> {
  const untilMs = performance.now() + withinMs;
  for (const address of addresses) {
    while (!stop.aborted && !(await isFree(address))) {
      if (performance.now() > untilMs) throw new CommandFailure(`${address} is taken by another program: choose other ports with --port-base`, 1);
      await pause(lookEveryMs);
    }
  }
}

function isFree(address: string): Promise<boolean> {
  const [host, port] = address.split(':') as [string, string];
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
      .listen(Number(port), host, () => server.close(() => resolve(true)));
  });
}
