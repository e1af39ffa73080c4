import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetReceiptReply } from '../../libs/contracts/dist/tillid/audit/v1/service.js';
import { checkReceipt, leafHash, parseReceipt, parseVkey } from '../../libs/transparency/dist/index.js';
import { writeBacklog } from '../ingest/backlog.mjs';
import { median, perSecond, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { inParallel, newRelyingService, partyOf } from '../system/parties.mjs';
import { cpuMs } from '../system/process-usage.mjs';
import { withSystem } from '../system/system.mjs';
import { bareUnary } from './bare-unary.mjs';

/** Several, for each may ask 6,000 times a minute. */
const banks = ['one', 'two', 'three', 'four'].map((name) => `receipts-${name}`);
const backlog = 100_000;
const receiptsARound = 3_000;
const atOnce = 32;
const rounds = 5;

/** Receipts that a relying service asks for, of any of its entries, beside what answering as many bytes alone takes. */
export function run() {
  return withSystem(18_950, async (system) => {
    for (const bank of banks) newRelyingService(system, bank);
    await delay(2_000);
    await system.stop();
    const { firstPosition } = await writeBacklog(system, [''], backlog, { clientIds: banks });
    await system.start();
    const clients = banks.map((bank) => partyOf(system, 'relying_service', bank));
    const size = await integrated(partyOf(system, 'auditor', 'auditor'), firstPosition);
    // By the position that an rpc answered with.
    const any = () => {
      const place = Math.floor(Math.random() * backlog);
      return clients[place % banks.length].audit.getReceipt({ sourcePosition: `identity/0@${firstPosition + place}` });
    };
    const one = await any();
    const log = parseVkey(readFileSync(join(system.data, 'audit', 'log.vkey'), 'utf8'));
    const replyBytes = GetReceiptReply.encode(one).finish().length;
    const bare = await bareUnary(join(system.running.callers, 'relying_service', banks[0]), replyBytes);
    try {
      const runs = { receipts: [], bare: [] };
      const receipt = async () => {
        const reply = await any();
        // Not every one: checking is the caller's CPU, on the same cores.
        if (Math.random() < 0.01) checkReceipt(parseReceipt(reply.receipt), leafHash(reply.event), log);
      };
      // The first of each is for the caches and the compiler.
      for (let round = 0; round <= rounds; round++) {
        const taken = {
          receipts: await measured(system.running.pids.audit, () => inParallel(receiptsARound, atOnce, receipt)),
          bare: await measured(bare.pid, () => bare.run(receiptsARound, atOnce)),
        };
        if (round > 0) for (const [name, each] of Object.entries(taken)) runs[name].push(each);
      }
      report('receipts', text(runs, { size, replyBytes }));
    } finally {
      await bare.stop();
    }
  });
}

async function integrated(auditor, firstPosition) {
  for (;;) {
    const { coverage } = await auditor.audit.getCoverage({});
    const { takenInPosition } = coverage.sources.find(({ source }) => source === 'identity/0');
    if (takenInPosition >= firstPosition + backlog - 1 && coverage.checkpointSize >= takenInPosition) {
      // Its lists are behind its ledger for a moment, and would share the core.
      await delay(10_000);
      return coverage.checkpointSize;
    }
    await delay(200);
  }
}

async function measured(pid, work) {
  const before = cpuMs(pid);
  const { ms } = await timed(work);
  return { ms, serverMs: cpuMs(pid) - before };
}

function text({ receipts, bare }, { size, replyBytes }) {
  const rate = (runs) => median(runs.map(({ ms }) => perSecond(receiptsARound, ms)));
  const cpu = (runs) => median(runs.map(({ serverMs }) => serverMs)) / receiptsARound;
  const ratios = receipts.map(({ ms }, round) => (bare[round].ms / ms) * 100);
  return `
Receipts that audit gives (\`GetReceipt\`): **${whole(rate(receipts))} a second**, **${whole(median(ratios))} %** of bare grpc-js answering as many bytes, at **${short(cpu(receipts))} CPU-ms** each, ${short(cpu(bare))} of
which is the answering. Relying services ask, by the position they were answered, for any of ${whole(backlog)} entries in a tree of ${whole(size)}, over mTLS, ${atOnce} at once; a reply has ${whole(replyBytes)} bytes: proof, checkpoint, event.
${whole(receiptsARound)} a round, ${rounds} rounds of both in turn, median; pairs: ${ratios.map((ratio) => `${whole(ratio)} %`).join(', ')}. Caller and audit share the two cores.

${table(['', 'a second', 'CPU-ms each, of the server'], [
    ['receipts', whole(rate(receipts)), short(cpu(receipts))],
    ['bare grpc-js, the same bytes', whole(rate(bare)), short(cpu(bare))],
  ])}
`;
}
