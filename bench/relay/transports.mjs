import { setTimeout as delay } from 'node:timers/promises';
import { followOneRead, visibleInLog } from '../ingest/visible-in-log.mjs';
import { median, quantile } from '../measure/numbers.mjs';
import { citizenWithKey, signIn } from '../system/citizens.mjs';
import { citizenAgent, officials, partyOf } from '../system/parties.mjs';
import { cpuMs, cpuMsByService, descendantOf, services } from '../system/process-usage.mjs';
import { withSystem } from '../system/system.mjs';

export const rounds = 3;
export const eventsPerSecond = 200;
export const windowMs = 6_000;
const warmUpMs = 5_000;
const idleMs = 5_000;
const pauseMs = 40;
const heldMs = 1_500;

/**
 * Two whole installations, one that follows over gRPC alone and one over Kafka, each under the same load in turn while
 * the other is idle; both are warm before anything is measured.
 */
export function bothTransports() {
  return withSystem(18_800, (grpcOnly) => withSystem(19_000, async (overKafka) => {
    const sides = [await sideOf(grpcOnly), await sideOf(overKafka)];
    for (const side of sides) await loaded(side, warmUpMs);
    if (sides[1].broker) await mustGoThroughTheBroker(sides[1]);
    const idle = await idleOf(sides);
    const windows = sides.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) windows[index].push(await loaded(sides[index], windowMs));
    }
    const [grpc, kafka] = sides.map((_, index) => ({ idle: idle[index], ...summaryOf(windows[index]) }));
    return { grpc, kafka };
  }, ['--kafka']));
}

async function sideOf(system) {
  const agent = citizenAgent(system);
  const registrars = officials(system);
  // In a container of its own the broker is nobody's child here, and its CPU is not told.
  return { system, agent, registrars, auditor: partyOf(system, 'auditor', 'auditor'), citizen: await citizenWithKey(registrars, agent), broker: descendantOf(system.running.pid, 'java') };
}

/** A service that has lost its broker asks the source itself, and would be measured for what it is not. */
async function mustGoThroughTheBroker({ broker, registrars, agent, citizen }) {
  const { token } = await signIn(agent, agent, citizen);
  process.kill(broker, 'SIGSTOP');
  setTimeout(() => process.kill(broker, 'SIGCONT'), heldMs);
  const ms = await followOneRead(registrars[0], agent, citizen, token);
  if (ms < heldMs / 2) throw new Error('events came without the broker: what was to be measured over Kafka goes another way');
  await delay(heldMs);
}

async function loaded(side, ms) {
  const before = { events: await eventsTakenIn(side), cpu: cpuOf(side) };
  const { latencies } = await visibleInLog(side.registrars, side.agent, side.citizen, eventsPerSecond, ms, pauseMs);
  const events = (await eventsTakenIn(side)) - before.events;
  const cpu = cpuOf(side);
  return { latencies, events, cpu: Object.fromEntries(Object.keys(cpu).map((name) => [name, (cpu[name] - before.cpu[name]) / events])) };
}

/** Of every source, once audit has all there is and has signed for it. */
async function eventsTakenIn({ auditor }) {
  for (;;) {
    // What was acknowledged just now is in a head by then.
    await delay(300);
    const { coverage } = await auditor.audit.getCoverage({});
    const events = coverage.sources.reduce((sum, { takenInPosition }) => sum + takenInPosition, 0);
    if (coverage.sources.every(({ takenInPosition, headPosition }) => takenInPosition === headPosition) && coverage.checkpointSize >= events) return events;
  }
}

/** What it costs to be there and follow each other: CPU-milliseconds a second, all services. */
async function idleOf(sides) {
  const before = sides.map(cpuOf);
  await delay(idleMs);
  return sides.map((side, index) => {
    const after = cpuOf(side);
    return Object.fromEntries(Object.keys(after).map((name) => [name, (after[name] - before[index][name]) / (idleMs / 1000)]));
  });
}

function cpuOf({ system, broker }) {
  const byService = cpuMsByService(system);
  const all = services.reduce((sum, name) => sum + byService[name], 0);
  return { ...byService, all, ...(broker && { broker: cpuMs(broker) }) };
}

function summaryOf(windows) {
  const latencies = windows.flatMap((window) => window.latencies);
  const cpuNames = Object.keys(windows[0].cpu);
  return {
    samples: latencies.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p50s: windows.map((window) => quantile(window.latencies, 0.5)),
    cpu: Object.fromEntries(cpuNames.map((name) => [name, median(windows.map(({ cpu }) => cpu[name]))])),
  };
}
