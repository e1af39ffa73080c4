import { setTimeout as delay } from 'node:timers/promises';
import { perSecond, short, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { citizenWithKey } from '../system/citizens.mjs';
import { citizenAgent, inParallel, officials, partyOf } from '../system/parties.mjs';
import { cpuMsByService, residentMb, services } from '../system/process-usage.mjs';
import { withSystem } from '../system/system.mjs';
import { writeBacklog } from './backlog.mjs';
import { visibleInLog } from './visible-in-log.mjs';

const backlog = 100_000;
const citizens = 100;
const rate = 200;
const visibleForMs = 30_000;
const targets = { eventsPerSecond: 5_000, visibleMs: 1_000, residentMb: 160 };

export function run() {
  return withSystem(18_600, async (system) => {
    // Memory first, of processes that have done nothing yet but follow each other.
    await delay(5_000);
    const resident = residentOf(system);
    const people = [];
    const [registrars, agent] = [officials(system), citizenAgent(system)];
    await inParallel(citizens, 8, async () => void people.push(await citizenWithKey(registrars, agent)));
    await delay(2_000);
    await system.stop();
    const { bytesPerEvent } = await writeBacklog(system, people.slice(1).map(({ citizenId }) => citizenId), backlog);
    await system.start();
    const taken = await untilIntegrated(system);
    await delay(3_000);
    const visible = await visibleInLog(officials(system), citizenAgent(system), people[0], rate, visibleForMs);
    report('ingest', text({ resident, bytesPerEvent, taken, visible, residentAfter: residentOf(system) }));
  });
}

/**
 * From a tenth of the backlog under a signed checkpoint to all of it: start-up and a cold just-in-time compiler are
 * left out at the front, nothing at the end.
 */
async function untilIntegrated(system) {
  const auditor = partyOf(system, 'auditor', 'auditor');
  const sizeNow = async () => {
    const { coverage } = await auditor.audit.getCoverage({});
    const { takenInPosition, headPosition } = coverage.sources.find(({ source }) => source === 'identity/0');
    return { size: coverage.checkpointSize, takenIn: takenInPosition, head: headPosition };
  };
  let begun;
  for (;;) {
    const now = { ...(await sizeNow()), at: performance.now(), cpu: cpuMsByService(system) };
    if (!begun && now.size >= backlog / 10) begun = now;
    // Everything is in the tree once it holds all that identity has; other sources come on top.
    if (begun && now.takenIn >= backlog && now.size >= now.takenIn) {
      const events = now.size - begun.size;
      const cpu = Object.fromEntries(services.map((name) => [name, (now.cpu[name] - begun.cpu[name]) / events]));
      return { events, perSecond: perSecond(events, now.at - begun.at), cpu };
    }
    await delay(50);
  }
}

function residentOf(system) {
  const { pids } = system.running;
  return Object.fromEntries(services.map((name) => [name, residentMb(pids[name])]));
}

function text({ resident, bytesPerEvent, taken, visible, residentAfter }) {
  const verdict = (reached) => (reached ? 'reached' : 'NOT reached');
  const most = Math.max(...Object.values(resident));
  return `
Feed to durable ledger to signed tree: **${whole(taken.perSecond)} events/s** (target ${whole(targets.eventsPerSecond)}: ${verdict(taken.perSecond >= targets.eventsPerSecond)}),
**${short(taken.cpu.audit)} CPU-ms an event** in audit, access log included. A backlog of ${whole(backlog)} one-event commits of ${whole(bytesPerEvent)} bytes in identity's log, read by
audit over mTLS while authentication and consent read the same feed on the same cores; measured over the last ${whole(taken.events)}, until all stand
under a signed checkpoint. (Tessera's POSIX log, which has no feed, chains or access log to keep: 24,000 1-KB entries/s at 0.05 CPU-ms.)

An event to visible in the citizen's access log: p99 **${short(visible.p99)} ms** (target ${whole(targets.visibleMs)} ms: ${verdict(visible.p99 <= targets.visibleMs)}), p50 ${short(visible.p50)}, longest ${short(visible.max)};
${visible.samples} reads followed while ${whole(visible.events)} events/s were written through rpcs.

Resident memory of an idle service: at most **${whole(most)} MB** (target ${targets.residentMb} MB: ${verdict(most <= targets.residentMb)}).

${table(['service', 'CPU-ms per event taken in', 'MB idle', 'MB after it all'], services.map((name) => [name, short(taken.cpu[name]), whole(resident[name]), whole(residentAfter[name])]))}
`;
}
