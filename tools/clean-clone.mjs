// A stranger's first minutes, as a test: clones the committed tree, with an empty npm cache, and types what the README says:
// `npm start` (which installs by `npm ci`) reaches ready, the demo ends well, the auditor says the log holds, Ctrl-C stops everything.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
let output = '';

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
  killGroup();
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

/** All of npm, the set-up and `tillid up`; the services see their parent go and follow. */
function killGroup() {
  try {
    if (system) process.kill(-system.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function stop() {
  // What a terminal does: the whole foreground group gets the signal.
  process.kill(-system.pid, 'SIGINT');
  const deadline = Date.now() + 30_000;
  while (system.exitCode === null && system.signalCode === null) {
    if (Date.now() > deadline) throw new Error('still running 30 seconds after Ctrl-C');
    await delay(100);
  }
  if (!/^ *stopped +\d/m.test(output)) throw new Error(`it ended, but not in good order\n${output}`);
  if (existsSync(join(clone, '.tillid/running.json'))) throw new Error('it left running.json behind');
  const left = commandLines().filter((line) => line.includes(clone));
  if (left.length > 0) throw new Error(`left running:\n${left.join('\n')}`);
}

function commandLines() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      // It ended while we looked.
      return '';
    }
  });
}

function tail(text) {
  return `${(text ?? '').trimEnd().split('\n').slice(-200).join('\n')}\n`;
}
