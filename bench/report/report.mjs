import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { median, perSecond, short, timed, whole } from '../measure/numbers.mjs';
import { report as write, table } from '../measure/report.mjs';
import { writeLog } from './written-log.mjs';

const sizes = [100_000, 1_000_000];
const rounds = 3;
const memoryTargetMb = 400;
const auditor = join(import.meta.dirname, '../../apps/auditor/bin/tillid-auditor.mjs');

/** What an auditor's report of a long log takes, from a folder on disk; beside it the reading and hashing nobody can save. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'tillid-bench-report-'));
  try {
    const measured = [];
    for (const size of sizes) measured.push(await measure(join(folder, String(size)), size));
    write('report', text(measured));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(folder, size) {
  const log = writeLog(folder, size);
  const output = join(folder, 'report.html');
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const bare = await timed(() => ran([join(import.meta.dirname, 'bare-reading.mjs'), log.log]));
    const full = await timed(() => ran([auditor, 'report', log.log, '--vkey', log.vkey, '--output', output, '--json']));
    if (bare.result.said.hashed !== log.size || !full.result.said.holds || full.result.said.treeSize !== log.size) throw new Error('the log was not looked at, or does not hold');
    pairs.push({ bare, full });
  }
  return { ...log, pairs, pageBytes: statSync(output).size };
}

/** A program of its own, with what it used at most: the kernel's count, asked for until there is none. */
async function ran(args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const usage = { peakMb: 0, cpuMs: 0 };
  const asking = setInterval(() => ask(child.pid, usage), 20);
  const [out, [code]] = await Promise.all([textOf(child.stdout), once(child, 'exit')]);
  clearInterval(asking);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${out}`);
  return { ...usage, said: JSON.parse(out) };
}

function ask(pid, usage) {
  try {
    usage.peakMb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    usage.cpuMs = (Number(ticks[11]) + Number(ticks[12])) * 10;
  } catch {
    // It ended between two questions.
  }
}

function text(measured) {
  const middle = (pairs, pick) => median(pairs.map(pick));
  const rate = ({ size, pairs }) => perSecond(size, middle(pairs, ({ full }) => full.ms));
  const peak = ({ pairs }) => middle(pairs, ({ full }) => full.result.peakMb);
  const [little, much] = measured;
  const times = middle(much.pairs, ({ full }) => full.result.cpuMs) / much.size / (middle(little.pairs, ({ full }) => full.result.cpuMs) / little.size);
  const row = (name, log, pick) => [name, whole(log.size), short(middle(log.pairs, (pair) => pick(pair).ms) / 1000), whole(perSecond(log.size, middle(log.pairs, (pair) => pick(pair).ms))), short(middle(log.pairs, (pair) => pick(pair).result.cpuMs) / log.size), whole(middle(log.pairs, (pair) => pick(pair).result.peakMb))];
  return `
\`tillid-auditor report\` of a log of ${whole(much.size)} entries: **${short(middle(much.pairs, ({ full }) => full.ms) / 1000)} s**, ${whole(rate(much))} entries/s, at most **${whole(peak(much))} MB** (target ${whole(memoryTargetMb)}: ${peak(much) <= memoryTargetMb ? 'reached' : 'NOT reached'}),
**${short(middle(much.pairs, ({ full, bare }) => full.result.cpuMs / bare.result.cpuMs))} times** the CPU of reading the same bundles and hashing each entry once; an entry costs ${short(times)} times what it does in a log of ${whole(little.size)}. Every entry is proven
against its leaf and its source: chains, ${'signed'} heads, dense streams, and the root over everyone's own log each second. Entries of ${whole(much.bytes / much.size)} bytes in a folder, of
100,000 citizens at 50 relying services, heads each second of 34 log-ins; a process each, ${rounds} pairs, median. The page has ${whole(much.pageBytes)} bytes.

${table(['', 'entries', 's', 'entries a second', 'CPU-ms an entry', 'MB at most'], measured.flatMap((log) => [row('report', log, ({ full }) => full), row('bare: read and hashed', log, ({ bare }) => bare)]))}
`;
}
