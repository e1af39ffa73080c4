// docker compose, with what compose.yaml needs made before: node docker/compose.mjs up | down | logs | ... (any command of docker compose).
// Runs under any Node that runs ES modules; everything else comes from the lock.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, '.tillid/compose');
const [command, ...rest] = process.argv.slice(2);
if (!command) fail('usage: node docker/compose.mjs up|down|ps|logs|... [options of docker compose]');

run(process.execPath, ['tools/setup.mjs', 'build'], 'inherit');
const origin = run(pinnedNode(), ['docker/installation.mjs', 'prepare', folder]).trim();
const user = `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`;
const args = command === 'up' ? ['up', '--build', '--detach', ...rest] : [command, ...rest];
// What runs is written down by `announce`; after these, nothing runs.
if (['down', 'stop', 'kill'].includes(command)) rmSync(join(folder, 'running.json'), { force: true });
run('docker', ['compose', '--file', join(root, 'compose.yaml'), ...args], 'inherit', { ...process.env, COMPOSE_USER: user, TILLID_ORIGIN: origin });
if (command === 'up') run(pinnedNode(), ['docker/installation.mjs', 'announce', folder], 'inherit');

function pinnedNode() {
  const pinned = join(root, 'node_modules/.bin/node');
  return existsSync(pinned) ? pinned : process.execPath;
}

function run(program, programArgs, stdout = 'pipe', env = process.env) {
  const result = spawnSync(program, programArgs, { cwd: root, stdio: ['inherit', stdout, 'inherit'], encoding: 'utf8', env });
  if (result.error?.code === 'ENOENT') fail(`there is no ${program} on the PATH: install Docker with its compose plugin`);
  if (result.status !== 0) process.exit(result.status ?? 1);
  return result.stdout ?? '';
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
