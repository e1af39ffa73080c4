import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export const host = '127.0.0.1';
/** Below the ephemeral range: a client that reconnects can take an ephemeral port by TCP self-connect while the broker is down. */
const [lowest, highest] = [11_000, 31_000];

/** A port free a moment ago. Another program may take it before the engine does: the engine's start is then tried with another. */
export async function freePort() {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

export function isFree(port) {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
      .listen(port, host, () => server.close(() => resolve(true)));
  });
}
