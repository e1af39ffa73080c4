import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const checkout = join(import.meta.dirname, '../..');
export const serviceNames = ['identity', 'authentication', 'consent', 'audit'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface Running {
  readonly pid: number;
  readonly origin: string;
  readonly portBase: number;
  readonly grpc: Readonly<Record<ServiceName, string>>;
  /** By the name of the replica: that of its service where it is the only one. */
  readonly pids: Readonly<Record<ServiceName, number> & Record<string, number>>;
  readonly replicas: readonly { readonly name: string; readonly service: ServiceName; readonly grpc: string }[];
  readonly logUrl: string;
  readonly vkeyFile: string;
  readonly logFolder: string;
  readonly callers: string;
  readonly ca: string;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A whole installation in a folder of its own: `tillid up`, as a person would start it. */
export class System {
  private process: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly data: string,
    private readonly portBase: number,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly more: readonly string[],
  ) {}

  /** Ports differ per test file, so that a system that is still stopping does not stand in the way of the next. */
  static async start(portBase: number, { folder = 'tillid-e2e-', environment = {} }: { readonly folder?: string; readonly environment?: Readonly<Record<string, string>> } = {}): Promise<System> {
    const system = new System(await mkdtemp(join(tmpdir(), folder)), portBase, environment, []);
    await system.up();
    return system;
  }

  /** An installation that is in a folder already, not started yet. */
  static in(data: string, portBase: number): System {
    return new System(data, portBase, {}, []);
  }

  /** Two replicas of each service, on engines that `prepare` starts once the certificates are there; it answers the environment that names them, or undefined where there are none. */
  static async startCluster(portBase: number, prepare: (data: string) => Promise<Readonly<Record<string, string>> | undefined>): Promise<System | undefined> {
    const data = await mkdtemp(join(tmpdir(), 'tillid-cluster-'));
    const { code, stderr } = await command('apps/tillid/bin/tillid.mjs', ['certificates', '--data', data, '--port-base', String(portBase)]);
    if (code !== 0) throw new Error(`no certificates: ${stderr}`);
    const environment = await prepare(data);
    if (!environment) return undefined;
    const system = new System(data, portBase, environment, ['--cluster']);
    await system.up();
    return system;
  }

  get running(): Running {
    return JSON.parse(readFileSync(join(this.data, 'running.json'), 'utf8')) as Running;
  }

  async up(): Promise<void> {
    this.output = '';
    const child = spawn(process.execPath, [join(checkout, 'apps/tillid/bin/tillid.mjs'), 'up', '--data', this.data, '--port-base', String(this.portBase), ...this.more], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...this.environment },
    });
    this.process = child;
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        this.output += chunk.toString();
        if (/^ready\b/m.test(this.output)) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`tillid up ended with ${code}\n${this.output}`)));
    });
  }

  /** Ends as Ctrl-C does; answers the exit code. */
  async stop(): Promise<number | null> {
    const child = this.process;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    return await ended;
  }

  /** Every process at once, as a power failure would. */
  async killAll(): Promise<void> {
    const { pid, pids } = this.running;
    const ended = new Promise((resolve) => this.process!.once('exit', resolve));
    for (const each of [pid, ...Object.values(pids)]) process.kill(each, 'SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  tillid(...args: string[]): Promise<Finished> {
    return command('apps/tillid/bin/tillid.mjs', [...args, '--data', this.data]);
  }

  auditor(...args: string[]): Promise<Finished> {
    return command('apps/auditor/bin/tillid-auditor.mjs', [...args, '--data', this.data]);
  }

  /** Certificates of a caller that `tillid up`, `client add` or the demo made. */
  caller(kind: string, id: string): string {
    return join(this.data, 'callers', kind, id);
  }

  alive(service: ServiceName): boolean {
    return existsSync(`/proc/${this.running.pids[service]}`);
  }
}

export function command(program: string, args: readonly string[]): Promise<Finished> {
  return run(process.execPath, [join(checkout, program), ...args], checkout);
}

export function run(program: string, args: readonly string[], cwd: string): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
  });
}

/** Without what vitest put there for itself, and with the pinned Node first. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|VITE_|NODE_OPTIONS|NODE_ENV|TILLID_)/.test(name));
  return { ...Object.fromEntries(kept), PATH: `${join(checkout, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` };
}
