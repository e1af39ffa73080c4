import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sqliteEventStore } from '../../libs/store-sqlite/dist/index.js';
import { writeBacklog } from '../ingest/backlog.mjs';
import { median, perSecond, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { partyOf } from '../system/parties.mjs';
import { cpuMs } from '../system/process-usage.mjs';
import { withSystem } from '../system/system.mjs';
import { bareStream } from './bare-stream.mjs';

const backlog = 200_000;
const citizens = 100;
const rounds = 7;
const target = 50_000;

/** An auditor's replay of a ledger that is warm, beside what reading it alone and sending it alone take. */
export function run() {
  return withSystem(18_900, async (system) => {
    await delay(2_000);
    await system.stop();
    const people = Array.from({ length: citizens }, () => randomBytes(16).toString('hex'));
    const { bytesPerEvent } = await writeBacklog(system, people, backlog);
    await system.start();
    const auditor = partyOf(system, 'auditor', 'auditor');
    await integrated(auditor);
    const store = await sqliteEventStore({ path: join(system.data, 'audit', 'ledger.sqlite') });
    const bare = await bareStream(join(system.running.callers, 'auditor', 'auditor'));
    try {
      const pid = system.running.pids.audit;
      const bytes = await ledgerBytes(store);
      const runs = { replay: [], read: [], wire: [], one: [], none: [] };
      // The first of each is for the caches and the compiler.
      for (let round = 0; round <= rounds; round++) {
        const all = await measured(pid, () => replayed(auditor));
        const messageBytes = Math.round(bytes / all.result.messages);
        const taken = {
          replay: all,
          read: await measured(pid, () => readAll(store)),
          wire: await measured(pid, () => bare.run(all.result.messages, messageBytes)),
          one: await measured(pid, () => replayed(auditor, { subjects: [people[7]] })),
          none: await measured(pid, () => replayed(auditor, { types: ['tillid.consent.v1.ShareAuthorized'] })),
        };
        if (round > 0) for (const [name, each] of Object.entries(taken)) runs[name].push(each);
      }
      report('replay', text(runs, bytesPerEvent));
    } finally {
      await bare.stop();
      await store.close();
    }
  });
}

async function integrated(auditor) {
  for (;;) {
    const { coverage } = await auditor.audit.getCoverage({});
    const { takenInPosition } = coverage.sources.find(({ source }) => source === 'identity/0');
    if (takenInPosition >= backlog && coverage.checkpointSize >= takenInPosition) break;
    await delay(200);
  }
  // Its lists are behind its ledger for a moment, and would share the core.
  await delay(15_000);
}

async function replayed(auditor, filter) {
  const none = { sources: [], types: [], subjects: [], clientIds: [], outcomes: [] };
  let [events, messages, looked] = [0, 0, 0];
  for await (const batch of auditor.audit.replay({ leafIndex: 0, idempotencyKey: randomUUID(), ...(filter && { filter: { ...none, ...filter } }) })) {
    events += batch.events.length;
    messages += 1;
    looked = batch.nextLeafIndex;
  }
  if (looked < backlog || (!filter && events !== looked)) throw new Error('the replay is not whole');
  return { events, messages, looked };
}

async function readAll(store) {
  let looked = 0;
  for (;;) {
    const page = await store.readAll(looked, 2_000);
    if (page.length === 0) return { looked };
    looked += page.length;
    // As any server does between two pages.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function ledgerBytes(store) {
  let [bytes, position] = [0, 0];
  for (;;) {
    const page = await store.readAll(position, 2_000);
    if (page.length === 0) return bytes;
    bytes += page.reduce((sum, event) => sum + event.bytes.length + 3, 0);
    position += page.length;
  }
}

async function measured(pid, work) {
  const before = cpuMs(pid);
  const run = await timed(work);
  return { ...run, auditMs: cpuMs(pid) - before };
}

function text({ replay, read, wire, one, none }, bytesPerEvent) {
  const rate = (runs) => median(runs.map(({ ms, result }) => perSecond(result?.looked ?? replay[0].result.looked, ms)));
  const looked = (runs) => runs[0].result?.looked ?? replay[0].result.looked;
  // Reading and sending are done by one thread, one after the other: the limit of both is their times together.
  const limits = replay.map(({ ms }, round) => ((read[round].ms + wire[round].ms) / ms) * 100);
  const row = (name, runs, cpu) => [name, whole(rate(runs)), short(median(runs.map((each) => cpu(each))) / looked(runs))];
  return `
An auditor's replay over mTLS: **${whole(rate(replay))} events/s** (target ${whole(target)}: ${rate(replay) >= target ? 'reached' : 'NOT reached'}), **${whole(median(limits))} %** of reading the ledger and sending the
same bytes by grpc-js with nothing else done. A warm ledger of ${whole(looked(replay))} events of ${whole(bytesPerEvent)} bytes on SQLite, in a running system; ${replay[0].result.messages} messages, ${rounds} rounds of all in turn, median;
of the limit: ${limits.map((limit) => `${whole(limit)} %`).join(', ')}. The reader decodes each message and counts; auditor and audit share the two cores.

${table(['', 'events looked at a second', 'CPU-ms an event'], [
    row('replay, everything (CPU: audit)', replay, ({ auditMs }) => auditMs),
    row(`replay, one citizen of ${citizens} (CPU: audit)`, one, ({ auditMs }) => auditMs),
    row('replay, a type that never comes (CPU: audit)', none, ({ auditMs }) => auditMs),
    row('bare: every page of the ledger read', read, ({ cpuMs: cpu }) => cpu),
    row('bare: grpc-js over mTLS, the same bytes (CPU: reader)', wire, ({ cpuMs: cpu }) => cpu),
  ])}
`;
}
