import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { askWitness } from '../../apps/audit/dist/witness/ask-witness.js';
import { formatAddCheckpoint, InMemoryLog, noteSigner, parseCosignerVkey, proveConsistency, subtreeRootsFrom, vkeyOf } from '../../libs/transparency/dist/index.js';
import { median, quantile, short, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { cpuMs } from '../system/process-usage.mjs';
import { bareWitness } from './bare-witness.mjs';

const origin = 'bench.example/log';
const seed = Buffer.alloc(32, 3);
const leaves = 100_000;
/** About what comes in a second of an ordinary hour. */
const newLeaves = 100;
const asked = 1_000;
const warmUp = 100;

/** From a signed tree to a witness's cosignature on it, by the program anyone runs and asked as audit asks, beside what nobody can save. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'tillid-bench-witness-'));
  writeFileSync(join(folder, 'log.vkey'), `${vkeyOf(origin, seed)}\n`);
  const witness = await startWitness(folder);
  const bare = await bareWitness(folder);
  try {
    const log = new InMemoryLog(noteSigner(origin, seed));
    log.append(Array.from({ length: leaves }, () => randomBytes(300)));
    const took = { witness: [], bare: [] };
    const used = { witness: 0, bare: 0 };
    let cosigned = 0;
    for (let round = -warmUp; round < asked; round += 1) {
      log.append(Array.from({ length: newLeaves }, () => randomBytes(300)));
      const head = { size: log.edge.size, checkpoint: Buffer.from(log.files.get('checkpoint')).toString() };
      const body = formatAddCheckpoint({ oldSize: cosigned, proof: await proveConsistency(cosigned, head.size, subtreeRootsFrom(log, head.size)), checkpoint: head.checkpoint });
      const each = {
        witness: await measured(witness.pid, () => askWitness(witness.inPolicy, head, cosigned, log, AbortSignal.timeout(10_000))),
        bare: await measured(bare.pid, () => bare.ask(body)),
      };
      cosigned = head.size;
      if (round < 0) continue;
      for (const [name, { ms, cpu }] of Object.entries(each)) {
        took[name].push(ms);
        used[name] += cpu;
      }
    }
    report('witness', text(took, used));
  } finally {
    await bare.stop();
    await witness.stop();
    rmSync(folder, { recursive: true });
  }
}

async function startWitness(folder) {
  const program = join(import.meta.dirname, '../../apps/auditor/bin/tillid-auditor.mjs');
  const child = spawn(process.execPath, [program, 'witness', '--folder', join(folder, 'witness'), '--name', 'witness.example/one', '--log', join(folder, 'log.vkey'), '--listen', '127.0.0.1:0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { url, vkey } = JSON.parse(line);
  return {
    pid: child.pid,
    inPolicy: { name: 'one', key: parseCosignerVkey(vkey), url },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

async function measured(pid, work) {
  const before = cpuMs(pid);
  const started = performance.now();
  await work();
  return { ms: performance.now() - started, cpu: cpuMs(pid) - before };
}

function text(took, used) {
  const ratios = took.witness.map((ms, index) => ms / took.bare[index]);
  const row = (name, which) => [name, short(median(took[which])), short(quantile(took[which], 0.99)), short(used[which] / asked)];
  return `
From a signed tree to a witness's cosignature on it: **${short(median(took.witness))} ms** (p99 ${short(quantile(took.witness, 0.99))}), **${short(median(ratios))} times** what HTTP and a file that is on the disk before the answer take by themselves.
\`tillid-auditor witness\` in a process of its own, asked as audit asks: proof from ${whole(leaves)} leaves and more, ${newLeaves} new ones each time, no TLS and no network between; the witness checks the log's signature and the proof,
signs, keeps its state (written, synced, renamed, folder synced), answers, and the cosignature is checked. ${whole(asked)} of each in turn; ratio: median of the pairs.

${table(['', 'p50 ms', 'p99 ms', 'CPU-ms each, of the server'], [row('a witness', 'witness'), row('bare: HTTP, the same bytes, the same file', 'bare')])}
`;
}
