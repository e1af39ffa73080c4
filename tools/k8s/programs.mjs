// The Go programs that render, validate and try the manifests, at pinned versions, built once into .cache/k8s.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from './versions.mjs';

const cache = join(import.meta.dirname, '../../.cache/k8s');

/** Path of the program; built when it is not there. Throws with one sentence when it cannot be. */
export function program(name) {
  const { package: path, version } = programs[name];
  const file = join(cache, `${name}-${version}`);
  if (existsSync(file)) return file;
  const bin = join(cache, `building-${name}-${process.pid}`);
  mkdirSync(bin, { recursive: true });
  process.stdout.write(`building ${name} ${version} ...\n`);
  // The checksum database holds the proxy to what the version is.
  const { status, stderr, error } = spawnSync('go', ['install', `${path}@${version}`], { cwd: bin, encoding: 'utf8', env: { ...process.env, GOBIN: bin, GOFLAGS: '' } });
  if (status !== 0) throw new Error(`${name} could not be built: ${error?.code === 'ENOENT' ? 'install Go' : stderr}`);
  // By renaming, so that a build cut short leaves no half program under this name.
  renameSync(join(bin, path.split('/').filter((part) => !/^v\d+$/.test(part)).at(-1)), file);
  rmSync(bin, { recursive: true });
  return file;
}

export function run(name, args, input) {
  const { status, stdout, stderr } = spawnSync(program(name), args, { encoding: 'utf8', input, maxBuffer: 64 << 20 });
  return { status, output: `${stdout}${stderr}`, stdout };
}
