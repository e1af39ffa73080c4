import { perSecond, timed } from '../measure/numbers.mjs';

/**
 * Measures from when the first batch was done to when the last one is: connecting, joining a group and finding the place
 * are left out on either side. Whoever works calls `did` for each batch, or `fail`.
 */
export function stretch(total) {
  const first = Promise.withResolvers();
  const last = Promise.withResolvers();
  // Where it fails before the first, nobody waits for the last.
  last.promise.catch(() => undefined);
  let done = 0;
  const fail = (error) => {
    first.reject(error);
    last.reject(error);
  };
  return {
    fail,
    did(count) {
      if (done === 0) first.resolve(count);
      done += count;
      if (done === total) last.resolve();
      else if (done > total) fail(new Error(`${done} came of ${total}`));
    },
    async measure() {
      const measured = total - (await first.promise);
      const { ms, cpuMs } = await timed(() => last.promise);
      return { perSecond: perSecond(measured, ms), cpuMs: cpuMs / measured };
    },
  };
}

/** A logger for what must not go wrong while it is measured. */
export function loggerThatFails(fail) {
  const complain = ({ err }, message) => fail(err ?? new Error(message));
  return { debug() {}, info() {}, warn: complain, error: complain, child: () => loggerThatFails(fail), flush() {} };
}
