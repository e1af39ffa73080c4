// A stranger's first minutes, as a test: clones the committed tree, with an empty npm cache, and types what the README says:
// `npm start` reaches ready, the demo ends well, the auditor says the log holds, Ctrl-C stops everything.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'tillid-clean-'));
const clone = join(folder, 'tillid');
const portBase = 17400 + (process.pid % 1000);
const env = { ...process.env, npm_config_cache: join(folder, 'npm-cache'), NODE_OPTIONS: '' };
let passed = 0;
let failed = 0;
let system;

try {
  await step('git clone', () => run('git', ['clone', '--quiet', root, clone], tmpdir()));
  await step('npm start reaches ready', start);
  await step('npx tillid status', () => run('npx', ['tillid', 'status'], clone));
  await step('npx tillid demo ends well', () => run('npx', ['tillid', 'demo'], clone));
  await step('npx tillid-auditor verify says it holds', () => run('npx', ['tillid-auditor', 'verify', '--entries'], clone));
  await step('npx tillid-auditor compare says it holds', () => run('npx', ['tillid-auditor', 'compare'], clone));
  await step('the clone is as it was', () => {
    const { stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' });
    if (stdout.trim() !== '') throw new Error(`running left files git sees:\n${stdout}`);
  });
  await step('Ctrl-C stops everything', stop);
} catch (error) {
  failed += 1;
  console.log(String(error?.message ?? error));
} finally {
  system?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function step(name, work) {
  const started = Date.now();
  console.log(`-- ${name}`);
  await work();
  passed += 1;
  console.log(`ok ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 300_000 });
  process.stdout.write(tail(stdout));
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stderr}`);
}

async function start() {
  system = spawn('npm', ['start', '--', '--port-base', String(portBase)], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  const deadline = Date.now() + 400_000;
  system.stdout.on('data', (chunk) => (output += chunk));
  system.stderr.on('data', (chunk) => (output += chunk));
  while (!/^ready\b/m.test(output)) {
    if (system.exitCode !== null) throw new Error(`npm start ended with ${system.exitCode}\n${output}`);
    if (Date.now() > deadline) throw new Error(`npm start was not ready in time\n${output}`);
    await delay(100);
  }
  console.log(output);
}

async function stop() {
  // What a terminal does: the whole foreground group gets the signal.
  process.kill(-system.pid, 'SIGINT');
  const deadline = Date.now() + 30_000;
  while (system.exitCode === null && system.signalCode === null) {
    if (Date.now() > deadline) throw new Error('still running 30 seconds after Ctrl-C');
    await delay(100);
  }
  const left = spawnSync('pgrep', ['-f', clone], { encoding: 'utf8' }).stdout.trim();
  if (left !== '') throw new Error(`left running: ${spawnSync('ps', ['-o', 'pid,args', '-p', left.split('\n').join(',')], { encoding: 'utf8' }).stdout}`);
}

function tail(text) {
  return `${(text ?? '').trimEnd().split('\n').slice(-200).join('\n')}\n`;
}
