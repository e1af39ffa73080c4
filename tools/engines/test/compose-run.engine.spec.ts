// What compose.yaml starts, started without Docker: the same commands with the same settings, host names replaced by addresses of this
// machine as its published ports say, on the launcher's engines. Containers, images and networks are Docker's own and not tried here.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEngines } from '@tillid/testing';
import { containers, root, serviceOf, type Container } from './compose.js';

const folder = mkdtempSync(join(tmpdir(), 'compose-run-'));
const portBase = 12_000 + 100 * (process.pid % 150);
const published = 7400;
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TILLID_|OTEL_)/.test(name)));

function node(args: readonly string[], environment: Readonly<Record<string, string | undefined>> = clean) {
  return spawnSync(process.execPath, args, { cwd: root, env: environment, encoding: 'utf8', timeout: 120_000 });
}

function must(args: readonly string[], environment?: Readonly<Record<string, string | undefined>>): string {
  const { status, stdout, stderr } = node(args, environment);
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

must(['apps/tillid/bin/tillid.mjs', 'certificates', '--data', folder, '--port-base', String(portBase)]);
const origin = must(['docker/installation.mjs', 'prepare', folder]).trim();
const superUsers = ['kafka', 'kafka-administrator'].map((id) => `User:CN=${id},OU=service`);
const engines = await startEngines({ mongo: true, kafka: { tlsFolder: join(folder, 'kafka/tls'), superUsers } });
const all = containers({ TILLID_ORIGIN: origin });
const ours = all.filter(serviceOf);
const authority = all.find(({ name }) => name === 'authority')!;
const replicas = ours.filter(({ command }) => !command.includes('migrate'));
let traced = 0;
/** Where the collector would be. */
const traces = createServer((request, response) => {
  traced += request.url === '/v1/traces' ? 1 : 0;
  request.resume().on('end', () => response.end());
});
const running = new Map<string, ChildProcess>();

/** Where a container's port is found on this machine. */
function addressOf(container: Container, port: number): string {
  const outside = container.ports.find(([, inside]) => inside === port)?.[0];
  // Those that are not published are the metrics.
  return `127.0.0.1:${outside === undefined ? portBase + 80 + replicas.indexOf(container) : portBase + outside - published}`;
}

/** Where a path of the container is on this machine. */
function onHost({ folders }: Container, path: string): string {
  const [outside, inside] = folders.find(([, there]) => path === there || path.startsWith(`${there}/`))!;
  return join(folder, outside.slice('./.tillid/compose'.length), path.slice(inside.length));
}

/** A container's environment as it is on this machine. */
function environmentOf(container: Container): Record<string, string | undefined> {
  const everywhere = (text: string) =>
    text.replaceAll(/([a-z][a-z0-9-]*):(\d{4,5})/g, (address, name: string, port: string) => {
      if (name === 'kafka') return engines!.brokers[0]!;
      if (name === 'collector') return `127.0.0.1:${(traces.address() as { port: number }).port}`;
      const theirs = replicas.filter((replica) => replica.name === name || replica.aliases.includes(name));
      return theirs.map((replica) => addressOf(replica, Number(port))).join() || address;
    });
  const translated = Object.entries(container.environment).map(([name, value]): [string, string] => {
    if (name === 'TILLID_MONGO_URL') return [name, engines!.mongoUrl];
    if (name.endsWith('_LISTEN')) return [name, addressOf(container, Number(value.split(':')[1]))];
    return [name, value.startsWith('/') ? onHost(container, value) : everywhere(value)];
  });
  return { ...clean, ...Object.fromEntries(translated) };
}

function start(container: Container): ChildProcess {
  const command = container.command.slice(1).map((word) => (word.startsWith('/') ? onHost(container, word) : word));
  // The last pipe ends it if this process is killed.
  const child = spawn(process.execPath, ['--import', join(root, 'apps/tillid/dist/up/die-with-parent.js'), ...command], { cwd: root, env: environmentOf(container), stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  child.stdout!.resume();
  child.stderr!.pipe(process.stderr);
  running.set(container.name, child);
  return child;
}

beforeAll(async () => {
  if (!engines) return;
  traces.listen(0, '127.0.0.1');
  await once(traces, 'listening');
});
afterAll(async () => {
  for (const child of running.values()) child.kill('SIGKILL');
  traces.close();
  await engines?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// In order: each step stands on the one before it.
describe.skipIf(!engines)('what compose.yaml starts', () => {
  it('refuses to start before it is migrated', () => {
    const { status, stdout } = node(replicas[0]!.command.slice(1), environmentOf(replicas[0]!));
    expect(status).toBe(1);
    expect(stdout).toContain('migrate');
  });

  it('is migrated by the administrator, twice without harm', () => {
    const migrations = ours.filter(({ command }) => command.includes('migrate'));
    for (const container of [...migrations, migrations[0]!]) must(container.command.slice(1), environmentOf(container));
  });

  it('serves, all eight replicas of it, and is then found by every command', () => {
    for (const container of [authority, ...replicas]) start(container);
    expect(must(['docker/installation.mjs', 'announce', folder])).toContain('ready: ');
    const status = must(['apps/tillid/bin/tillid.mjs', 'status', '--data', folder]);
    for (const { name } of replicas) expect(status).toContain(name);
  });

  it('lives through a national day, and the auditor finds it in order', () => {
    must(['apps/tillid/bin/tillid.mjs', 'demo', '--data', folder]);
    must(['apps/auditor/bin/tillid-auditor.mjs', 'verify', '--data', folder]);
  });

  it('is healthy by the question that the image asks', () => {
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const asked = JSON.parse(/HEALTHCHECK .* CMD (\[.*\])/.exec(dockerfile)![1]!) as string[];
    for (const container of replicas) must([join(root, asked[1]!.replace('/app/', '')), ...asked.slice(2)], environmentOf(container));
  });

  it('tells Prometheus its metrics and the collector its traces', async () => {
    for (const container of replicas) {
      const response = await fetch(`http://${addressOf(container, 9464)}/metrics`);
      expect(await response.text()).toContain('tillid');
    }
    await expect.poll(() => traced, { timeout: 30_000 }).toBeGreaterThan(0);
  });

  it('stops in good order on SIGTERM', async () => {
    const ended = [...running.values()].map(async (child) => (await once(child, 'exit'))[0] as number);
    for (const child of running.values()) child.kill('SIGTERM');
    expect(await Promise.all(ended)).toEqual([authority, ...replicas].map(() => 0));
    running.clear();
  });
});
