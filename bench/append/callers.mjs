import { callers, commitOf } from './commits.mjs';
import { revisionOf, streamOf } from './bare-loop.mjs';
import { quantile } from '../measure/numbers.mjs';

/** 64 callers, each with one commit under way at a time, until `commits` are stored. */
export async function closedLoop(append, commits) {
  await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    for (let number = caller; number < commits; number += callers) {
      const outcome = await append(commitOf(number, streamOf(number), revisionOf(number) - 1));
      if (outcome.kind !== 'appended') throw new Error(`commit ${number}: ${outcome.kind}`);
    }
  }));
}

/** `rate` commits a second for `ms`, whatever the answers take: latencies in milliseconds. */
export async function openLoop(append, rate, ms) {
  const latencies = [];
  const pending = [];
  const started = performance.now();
  let sent = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = Math.min(performance.now() - started, ms);
      for (; sent < (elapsed / 1000) * rate; sent++) {
        const dueAt = started + (sent / rate) * 1000;
        const commit = commitOf(sent, `open-${sent}`, 0);
        pending.push(append(commit).then((outcome) => {
          if (outcome.kind !== 'appended') throw new Error(outcome.kind);
          // From when it was due, or a held-up loop would hide its own delay.
          latencies.push(performance.now() - dueAt);
        }));
      }
      if (elapsed === ms) {
        clearInterval(timer);
        resolve();
      }
    }, 1);
  });
  await Promise.all(pending);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
