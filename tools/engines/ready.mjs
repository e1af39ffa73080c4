/** How an engine's start failed because another program has its port meanwhile. */
export class PortTaken extends Error {
  name = 'PortTaken';
}

const tries = 5;

/** `start()` chooses ports itself; a port lost between looking and binding is no failure, others are. */
export async function withOtherPorts(start) {
  for (let left = tries - 1; ; left -= 1) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTaken) || left === 0) throw error;
    }
  }
}

/**
 * Starts a child and waits until it says `line`. `make(onLine)` starts it. Rejects when it ends before, or is not ready in time.
 */
export async function untilItSays(line, withinMs, make) {
  let impatience;
  const heard = Promise.withResolvers();
  const child = make((said) => said.includes(line) && heard.resolve('ready'));
  const late = new Promise((resolve) => (impatience = setTimeout(resolve, withinMs, 'late')));
  const outcome = await Promise.race([heard.promise, late, child.exit.then((exit) => `ended with ${exit}`)]);
  clearTimeout(impatience);
  if (outcome === 'ready') return child;
  child.kill('SIGKILL');
  await child.exit;
  const reason = outcome === 'late' ? `was not ready within ${withinMs / 1000} s` : outcome;
  if (/Address already in use|BindException/.test(child.said)) throw new PortTaken(child.said);
  throw new Error(`it ${reason}:\n${child.said}`);
}
