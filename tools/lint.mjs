// Everything a machine can hold about how the code is built. Each check can fail, and says so when it did not run.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);
let passed = 0;
let failed = 0;

check('contract: buf lint', () => mustPass(bin('buf'), ['lint'], { cwd: join(root, 'proto') }));
check('rooms: every project is in the graph', everyProjectIsInTheGraph);
check('rooms: arrows and cycles', arrowsAndCycles);
check('rooms: the arrow rule ran (a wrong arrow is refused)', () => mustRefuse("import '@tillid/service';\n", 'libs/kernel/src/wrong-arrow.ts', '@nx/enforce-module-boundaries'));
check('rooms: an app may not import an app by path', () => mustRefuse("import '../../consent/src/main.js';\n", 'apps/identity/src/wrong-arrow.ts', '@nx/enforce-module-boundaries'));
check('rooms: an app may not import an app by name', () => mustRefuse("import '@tillid/consent';\n", 'apps/identity/src/wrong-arrow.ts', 'no-restricted-imports'));
check('rooms: tests only may import testing', () => mustRefuse("import '@tillid/testing';\n", 'apps/identity/src/wrong-arrow.ts', '@nx/enforce-module-boundaries'));
check('rooms: a decider has no default branch', () => mustRefuse('export const f = (x: string) => { switch (x) { default: return 1; } };\n', 'apps/identity/src/domain/wrong.ts', 'no-restricted-syntax'));
check('rooms: package.json and tsconfig.json name the same arrows', manifestsAgree);
check('code: types of programs', () => mustPass(process.execPath, ['node_modules/@typescript/native/bin/tsc', '-b', 'tsconfig.json']));
check('code: types of tests', () => mustPass(process.execPath, ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.spec.json', '--noEmit']));
check('docs: config.md is what the settings say', () => mustPass(process.execPath, ['tools/config-doc.mjs', '--check']));
check('docs: scaling.md is what its inputs come to', () => mustPass(process.execPath, ['tools/scaling/page.mjs', '--check']));
check('docs: the table of trust.md is what is tried', () => mustPass(process.execPath, ['tools/trust-doc.mjs', '--check']));
check('k8s: manifests and programs agree', () => mustPass(process.execPath, ['tools/k8s/agree.mjs']));
// After the types: it reads those that the line above built, and without them takes every import for `any`.
check('code: oxlint, type-aware', () => mustPass(bin('oxlint'), ['--type-aware', '--quiet', 'apps', 'libs', 'tools', 'e2e', 'bench']));

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function check(name, work) {
  const started = Date.now();
  const complaint = work();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (complaint) failed += 1;
  else passed += 1;
  console.log(`${complaint ? 'FAILED' : 'ok    '} ${name} (${seconds} s)${complaint ? `\n${complaint}` : ''}`);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, env: { ...process.env, NX_DAEMON: 'false', NX_CACHE_PROJECT_GRAPH: 'true', FORCE_COLOR: '0' }, ...options });
  return { status: result.status, output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}` };
}

function mustPass(command, args, options) {
  const { status, output } = run(command, args, options);
  return status === 0 ? undefined : output;
}

function everyProjectIsInTheGraph() {
  const { status, output } = run(bin('nx'), ['show', 'projects', '--json']);
  if (status !== 0) return output;
  const known = new Set(JSON.parse(output.slice(output.indexOf('['))));
  const missing = projects().filter(({ name }) => !known.has(name));
  return missing.length === 0 ? undefined : `not in the project graph: ${missing.map(({ name }) => name).join(', ')}`;
}

function arrowsAndCycles() {
  const { status, output } = run(bin('eslint'), ['apps', 'libs', '--max-warnings=0']);
  if (/No cached ProjectGraph|project graph/i.test(output)) return `the boundary rule did not run:\n${output}`;
  return status === 0 ? undefined : output;
}

function mustRefuse(source, path, rule) {
  const { status, output } = run(bin('eslint'), ['--stdin', '--stdin-filename', join(root, path)], { input: source });
  return status !== 0 && output.includes(rule) ? undefined : `a wrong arrow in ${path} was not refused by ${rule}:\n${output}`;
}

/** npm links by package.json, tsc builds by tsconfig.json; a difference builds today and breaks tomorrow. */
function manifestsAgree() {
  const wrong = projects()
    .filter(({ folder }) => existsSync(join(folder, 'tsconfig.json')))
    .filter(({ folder, manifest }) => {
      const references = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8')).references.map(({ path }) => path.split('/').at(-1));
      const dependencies = Object.keys(manifest.dependencies ?? {}).map((name) => name.replace('@tillid/', ''));
      return references.toSorted().join() !== dependencies.toSorted().join();
    });
  return wrong.length === 0 ? undefined : wrong.map(({ name }) => `${name}: package.json dependencies and tsconfig.json references differ`).join('\n');
}

function projects() {
  return ['apps', 'libs'].flatMap((kind) =>
    readdirSync(join(root, kind), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(root, kind, name))
      .map((folder) => {
        const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        return { folder, manifest, name: manifest.name };
      }),
  );
}
