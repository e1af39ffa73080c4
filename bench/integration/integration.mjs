import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFolder } from '../../apps/audit/dist/integrate/log-folder.js';
import { TreeLog } from '../../apps/audit/dist/integrate/tree-log.js';
import { oneKey } from '../../apps/audit/dist/log-keys/tree-keys.js';
import { noteSigner, parseVkey, vkeyOf } from '../../libs/transparency/dist/index.js';
import { median, perSecond, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { auditAlone } from '../own-logs/audit-alone.mjs';

const entries = 100_000;
const citizens = 20_000;
/** A second at the rate that ingest is to reach. */
const entriesASecond = 5_000;
const rounds = 5;
const origin = 'bench.example/log';
const seed = Buffer.alloc(32, 3);

/** The signed tree over a ledger, with everyone's own log kept and its heads committed once a second, and without. */
export async function run() {
  const people = Array.from({ length: citizens }, (_, index) => `c${String(index).padStart(31, '0')}`);
  const pairs = [];
  // The first pair is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    const pair = {};
    for (const withOwnLogs of round % 2 ? [true, false] : [false, true]) pair[withOwnLogs ? 'kept' : 'none'] = await integrate(people, withOwnLogs);
    if (round > 0) pairs.push(pair);
  }
  report('integration', text(pairs));
}

async function integrate(people, withOwnLogs) {
  const audit = await auditAlone();
  const folder = mkdtempSync(join(tmpdir(), 'tillid-bench-tree-'));
  try {
    const tree = await TreeLog.open({ ledger: audit.ledger, folder: await LogFolder.open(folder), record: audit.treeHead, keys: oneKey({ signer: noteSigner(origin, seed), verifier: parseVkey(vkeyOf(origin, seed)) }), clock: { nowMs: () => Date.now() } });
    const ownLogs = audit.readers.find(({ name }) => name === 'own-logs');
    let [ms, cpuMs, heads] = [0, 0, 0];
    for (let written = 0; written < entries; written += entriesASecond) {
      await audit.write(people, entriesASecond);
      const second = await timed(async () => {
        while (await tree.integrate());
        if (!withOwnLogs) return;
        await audit.feed(ownLogs);
        await audit.ownLogHeads.record();
      });
      ms += second.ms;
      cpuMs += second.cpuMs;
      heads += 1;
    }
    return { ms, cpuMs, heads };
  } finally {
    await audit.close();
    rmSync(folder, { recursive: true });
  }
}

function text(pairs) {
  const rate = (which) => median(pairs.map((pair) => perSecond(entries, pair[which].ms)));
  const cpu = (which) => median(pairs.map((pair) => pair[which].cpuMs)) / entries;
  const ratios = pairs.map(({ none, kept }) => (none.ms / kept.ms) * 100);
  return `
Ledger to signed tree with everyone's own log: **${whole(rate('kept'))} entries/s**, **${whole(median(ratios))} %** of the tree alone. ${whole(entries)} entries of ${whole(citizens)} citizens, ${whole(entriesASecond)} at a time as if each were a
second; then every new line is numbered, chained and stored, and the heads of all logs are committed in one root. In process, SQLite, files synced; ${rounds} pairs, median: ${ratios.map((ratio) => `${whole(ratio)} %`).join(', ')}.
Audit does the two side by side, tree first: a checkpoint waits for no own log.

${table(['', 'entries a second', 'CPU-ms an entry'], [
    ['tree alone: bundles, tiles, checkpoint', whole(rate('none')), short(cpu('none'))],
    ['tree, own logs, and their heads once a second', whole(rate('kept')), short(cpu('kept'))],
  ])}
`;
}
