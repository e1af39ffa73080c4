// `npm test`: the suites in order, fast ones first, each with its time; stops at the first that fails unless told not to.
// node tools/test.mjs [suite ...] [--keep-going]
// Where Kafka and MongoDB cannot be had, the suites that need them are skipped and the last line says so; TILLID_REQUIRE_ENGINES=1 makes that a failure.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const keepGoing = args.includes('--keep-going');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const suites = ['unit', 'integration', 'engines', 'crash', 'e2e', 'cluster'].filter((name) => wanted.length === 0 || wanted.includes(name));
const onEngines = ['engines', 'cluster'];
const cannotHaveExit = 3;
const enginesRequired = process.env.TILLID_REQUIRE_ENGINES === '1';
const totals = { passed: 0, failed: 0, skipped: 0 };
const rows = [];
const suitesSkipped = [];
let whyNoEngines;

for (const suite of suites) {
  console.log(`\n== ${suite}`);
  if (onEngines.includes(suite) && (whyNoEngines ??= await lookForEngines()) !== '') {
    suitesSkipped.push(suite);
    rows.push(`${enginesRequired ? 'FAILED' : '-     '} ${suite.padEnd(12)} not run`);
    totals.failed += enginesRequired ? 1 : 0;
  } else {
    runSuite(suite);
  }
  if (totals.failed > 0 && !keepGoing) break;
}

console.log(`\n${rows.join('\n')}\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`);
if (suitesSkipped.length > 0) console.log(`${enginesRequired ? 'required, and not run' : 'skipped'}: ${suitesSkipped.join(', ')}: ${whyNoEngines}`);
process.exit(totals.failed === 0 ? 0 : 1);

function runSuite(suite) {
  const report = join(tmpdir(), `tillid-${suite}-${process.pid}.json`);
  const started = Date.now();
  // A cluster is ten processes and two engines: one at a time.
  const oneByOne = onEngines.includes(suite) ? ['--no-file-parallelism'] : [];
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', suite, ...oneByOne, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], { cwd: root, stdio: 'inherit' });
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  rmSync(report, { force: true });
  // A suite that dies, or finds no test, has failed, whatever it counted.
  const failed = status === 0 && result.numPassedTests > 0 ? 0 : Math.max(1, result.numFailedTests);
  totals.passed += result.numPassedTests;
  totals.failed += failed;
  totals.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
  rows.push(`${failed === 0 ? 'ok    ' : 'FAILED'} ${suite.padEnd(12)} ${String(result.numPassedTests).padStart(5)} passed  ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** Why the engines cannot be had; empty when they can. Fetches them if this is the first time: here, and not inside a test's time. */
async function lookForEngines() {
  const launcher = spawn(process.execPath, ['tools/engines/main.mjs', 'check', '--mongo', '--kafka'], { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  launcher.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    process.stderr.write(text);
  });
  const exit = await new Promise((resolve) => launcher.on('close', resolve));
  if (exit === 0) return '';
  if (exit !== cannotHaveExit) throw new Error(`looking for engines ended with ${exit}`);
  return said.trim().split(/^engines: /m).at(-1).trim();
}
