import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { median, perSecond, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { bareLoop } from './bare-loop.mjs';
import { closedLoop, openLoop } from './callers.mjs';
import { callers, eventBytes } from './commits.mjs';
import { inWorker, onMainThread } from './stores.mjs';

const commits = 40_000;
const rounds = 7;
const target = 0.7;

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'tillid-bench-'));
  let file = 0;
  const fresh = () => join(folder, `${(file += 1)}.sqlite`);
  try {
    await oneRound(fresh, 0);
    const pairs = [];
    for (let round = 0; round < rounds; round++) pairs.push(await oneRound(fresh, round));
    const worker = await workerRounds(fresh);
    const steady = [];
    for (const rate of [500, 1000, 2000]) {
      for (const [where, open] of [['main thread', onMainThread], ['worker', inWorker]]) steady.push([whole(rate), where, ...(await steadyLoad(open, fresh(), rate))]);
    }
    report('append', text(pairs, worker, steady));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Store and bare loop one after the other, the order changing from round to round: a noisy neighbour hits both. */
async function oneRound(fresh, round) {
  const measureStore = async () => {
    const store = await onMainThread(fresh());
    const { ms, cpuMs } = await timed(() => closedLoop(store.append, commits));
    await store.close();
    return { ms, cpuMs, meanBatch: commits / store.batches() };
  };
  const measureBare = async (meanBatch) => {
    const loop = bareLoop(fresh(), commits, meanBatch);
    const { ms, cpuMs } = await timed(async () => loop.run());
    loop.close();
    return { ms, cpuMs };
  };
  if (round % 2 === 0) {
    const store = await measureStore();
    return { store, bare: await measureBare(store.meanBatch) };
  }
  // 64 callers make batches of 64 but for the ends; the store's own mean is checked against it in the report.
  const bare = await measureBare(callers);
  return { store: await measureStore(), bare };
}

async function workerRounds(fresh) {
  const rates = [];
  for (let round = 0; round < 3; round++) {
    const store = await inWorker(fresh());
    const { ms, cpuMs } = await timed(() => closedLoop(store.append, commits));
    await store.close();
    rates.push({ rate: perSecond(commits, ms), cpuMs: cpuMs / commits });
  }
  return { rate: median(rates.map(({ rate }) => rate)), cpuMs: median(rates.map(({ cpuMs }) => cpuMs)) };
}

async function steadyLoad(open, path, rate) {
  const store = await open(path);
  await openLoop(store.append, rate, 500).catch(() => {});
  await store.close();
  const measured = await open(`${path}.measured`);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { p50, p99 } = await openLoop(measured.append, rate, 4000);
  delay.disable();
  await measured.close();
  return [short(p50), short(p99), short(delay.percentile(50) / 1e6), short(delay.percentile(99) / 1e6)];
}

function text(pairs, worker, steady) {
  const ratio = median(pairs.map(({ store, bare }) => bare.ms / store.ms));
  const rateOf = (side) => median(pairs.map((pair) => perSecond(commits, pair[side].ms)));
  const cpuOf = (side) => median(pairs.map((pair) => pair[side].cpuMs / commits));
  const ratios = pairs.map(({ store, bare }) => `${Math.round((100 * bare.ms) / store.ms)} %`).join(', ');
  return `
Append at ${callers} callers: **${Math.round(ratio * 100)} %** of a bare SQLite loop (target ${target * 100} %: ${ratio >= target ? 'reached' : 'NOT reached'}). One-event commits of ${eventBytes} bytes,
${whole(commits)} a round, ${rounds} pairs, median; pairs: ${ratios}. The bare loop writes the same rows into the same tables and indexes,
as many commits a transaction (${short(median(pairs.map(({ store }) => store.meanBatch)))}), decides nothing and answers nobody. WAL, synchronous FULL.

${table(['', 'commits/s', 'CPU-ms per commit'], [
    ['store, main thread', whole(rateOf('store')), short(cpuOf('store'))],
    ['bare loop', whole(rateOf('bare')), short(cpuOf('bare'))],
    ['store, worker thread', whole(worker.rate), short(worker.cpuMs)],
  ])}

At a steady load, latency from when a commit was due, and the delay of the event loop of the calling thread
(its timer alone is 1 ms):

${table(['commits/s', 'store on', 'p50 ms', 'p99 ms', 'loop p50 ms', 'loop p99 ms'], steady)}
`;
}
