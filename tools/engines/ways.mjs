import { CannotHave, say, secondsSince } from './say.mjs';

/**
 * An engine by the first way there is: an address in the environment, then Docker, then jars.
 * A way is `{ from, isThere, start }`. `isThere` answers false, or throws `CannotHave` with what to install (the last way does).
 */
export async function startByFirstWay(name, ways) {
  const started = performance.now();
  for (const [index, way] of ways.entries()) {
    if (!(await way.isThere())) continue;
    try {
      const engine = await way.start();
      say(`${name} is ready after ${secondsSince(started)} (${way.from})`);
      return { ...engine, ready: { ...engine.ready, from: way.from } };
    } catch (error) {
      const isLast = index === ways.length - 1;
      if (isLast || way.from === 'environment' || error instanceof CannotHave) throw error;
      say(`${name} did not start (${way.from}), trying ${ways[index + 1].from}: ${error.message}`);
    }
  }
  throw new Error(`there is no way to start ${name}`);
}

/** Whether there is a way; everything that takes long the first time is done after it. */
export async function check(ways) {
  for (const way of ways) if (await way.isThere()) return;
}
