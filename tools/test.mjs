// `npm test`: the suites in order, fast ones first, each with its time; stops at the first that fails unless told not to.
// node tools/test.mjs [suite ...] [--keep-going]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const keepGoing = args.includes('--keep-going');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const suites = ['unit', 'integration', 'crash', 'e2e'].filter((name) => wanted.length === 0 || wanted.includes(name));
const totals = { passed: 0, failed: 0, skipped: 0 };
const rows = [];

for (const suite of suites) {
  const report = join(tmpdir(), `tillid-${suite}-${process.pid}.json`);
  const started = Date.now();
  console.log(`\n== ${suite}`);
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', suite, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], { cwd: root, stdio: 'inherit' });
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  rmSync(report, { force: true });
  // A suite that dies, or finds no test, has failed, whatever it counted.
  const failed = status === 0 && result.numPassedTests > 0 ? 0 : Math.max(1, result.numFailedTests);
  totals.passed += result.numPassedTests;
  totals.failed += failed;
  totals.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
  rows.push(`${failed === 0 ? 'ok    ' : 'FAILED'} ${suite.padEnd(12)} ${String(result.numPassedTests).padStart(5)} passed  ${((Date.now() - started) / 1000).toFixed(0)} s`);
  if (failed > 0 && !keepGoing) break;
}

console.log(`\n${rows.join('\n')}\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`);
process.exit(totals.failed === 0 ? 0 : 1);
