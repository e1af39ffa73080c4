import { AuditServiceService } from '../../libs/contracts/dist/tillid/audit/v1/service.js';
import { ownLogMapKey, ownLogMapValue } from '../../libs/eventsourcing/dist/index.js';
import { checkMapProof, leafHash } from '../../libs/transparency/dist/index.js';
import { median, perSecond, quantile, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { auditAlone } from './audit-alone.mjs';

const [small, large] = [1_000, 1_000_000];
const citizens = 100_000;
/** Citizens with a new line in one second: some 34 log-ins a second on average, five times that at the peak. */
const changedASecond = 170;
const commits = 30;
const pages = 300;
const idOf = (number) => `c${String(number).padStart(31, '0')}`;
const her = idOf(0);

export async function run() {
  const [little, much] = [await auditAlone(), await auditAlone()];
  try {
    await little.write([her], small);
    // Every second entry is hers; the other half is spread over everyone.
    await much.write(Array.from({ length: 2 * citizens }, (_, index) => (index % 2 ? her : idOf(1 + index / 2))), large);
    for (const consumer of little.readers) await little.feed(consumer);
    const fed = await feedAll(much);
    const heads = await commitHeads(much);
    const shown = await firstPages(little, much);
    report('own-logs', text({ fed, heads, shown }), "own-logs: everyone's own log");
  } finally {
    await little.close();
    await much.close();
  }
}

async function feedAll(audit) {
  const fed = [];
  for (const consumer of audit.readers) {
    const before = audit.bytesOnDisk();
    const { ms, cpuMs } = await timed(() => audit.feed(consumer));
    fed.push({ name: consumer.name, perSecond: perSecond(large, ms), cpu: cpuMs / large, bytes: (audit.bytesOnDisk() - before) / large });
  }
  const page = (await audit.ledger.readAll(0, 1_000)).map(({ bytes }) => bytes);
  const { ms } = await timed(async () => {
    for (let round = 0; round < 100; round += 1) for (const bytes of page) leafHash(bytes);
  });
  return { fed, bareHash: perSecond(100_000, ms) };
}

async function commitHeads(audit) {
  const { ownLogHeads, room } = audit;
  const first = await timed(() => ownLogHeads.record());
  const ownLogs = audit.readers.find(({ name }) => name === 'own-logs');
  const each = [];
  for (let second = 0; second < commits; second += 1) {
    await audit.write(Array.from({ length: changedASecond }, (_, index) => idOf(1 + ((second * changedASecond + index) % citizens))), changedASecond);
    await audit.feed(ownLogs);
    each.push(await timed(() => ownLogHeads.record()));
  }
  const proofs = [];
  for (let index = 0; index < pages; index += 1) proofs.push(await timed(() => room.ownLogMap.headOf(`citizen/${idOf(1 + index * 7)}`)));
  const owners = proofs.map((_proof, index) => `citizen/${idOf(1 + index * 7)}`);
  const checked = await timed(async () => {
    for (let round = 0; round < 20; round += 1) proofs.forEach(({ result: { head, proof, root } }, index) => checkMapProof(root, ownLogMapKey(owners[index]), ownLogMapValue(head), proof));
  });
  for (const consumer of audit.readers) await audit.feed(consumer);
  return {
    beginMs: first.ms,
    commitMs: median(each.map(({ ms }) => ms)),
    cpuAHead: median(each.map(({ cpuMs }) => cpuMs)) / changedASecond,
    proofMs: median(proofs.map(({ ms }) => ms)),
    checkedPerSecond: perSecond(20 * proofs.length, checked.ms),
    siblings: median(proofs.map(({ result }) => result.proof.siblings.length)),
  };
}

/** In turns, so that whatever else the machine does falls on both. */
async function firstPages(little, much) {
  const page = (audit) => audit.agent.call(AuditServiceService.listAccessLog, { pageSize: 50 }, { citizen: { subject: her } });
  const took = { little: [], much: [] };
  for (let round = 0; round < pages; round += 1) {
    took.little.push((await timed(() => page(little))).ms);
    took.much.push((await timed(() => page(much))).ms);
  }
  return Object.fromEntries(Object.entries(took).map(([name, times]) => [name, { p50: median(times), p99: quantile(times, 0.99) }]));
}

function text({ fed: { fed, bareHash }, heads, shown }) {
  const ratio = shown.much.p50 / shown.little.p50;
  return `
First page (50 lines) of an access log of ${whole(large / 2)} lines in a ledger of ${whole(large)} entries: **${short(ratio)} times** what it takes of ${whole(small)} in ${whole(small)}
(target at most 1.5: ${ratio <= 1.5 ? 'reached' : 'NOT reached'}); p50 ${short(shown.much.p50)} ms beside ${short(shown.little.p50)}, p99 ${short(shown.much.p99)} beside ${short(shown.little.p99)}, ${pages} of each in turns, in
process: everything of the rpc but TLS and sockets.

The heads of ${whole(citizens)} logs, of which ${changedASecond} went on: one root in **${short(heads.commitMs)} ms**, ${short(heads.cpuAHead)} CPU-ms a head that changed (to be done once a second). The map from nothing,
as at a start: ${short(heads.beginMs)} ms. A head's proof is made in ${short(heads.proofMs)} ms (${heads.siblings} hashes) and ${whole(heads.checkedPerSecond)} are checked a second.

What each list takes of ${whole(large)} entries (SQLite, ${'1,000'} a batch, one after the other; bare leaf hashing ${whole(bareHash)} a second):

${table(['list', 'entries a second', 'CPU-ms an entry', 'bytes an entry'], fed.map(({ name, perSecond: rate, cpu, bytes }) => [name, whole(rate), short(cpu), whole(bytes)]))}
`;
}
