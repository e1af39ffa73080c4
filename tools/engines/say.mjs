/** An engine cannot be had on this machine. The message says what to install; the launcher ends with 3. */
export class CannotHave extends Error {
  name = 'CannotHave';
}

/** Progress, for people: stdout belongs to the protocol. */
export function say(line) {
  process.stderr.write(`engines: ${line}\n`);
}

export function secondsSince(startedMs) {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}
