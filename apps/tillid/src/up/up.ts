import { rm } from 'node:fs/promises';
import type { Authority } from '@tillid/crypto';
import { rpcCredentials, readTlsIdentity } from '@tillid/rpc';
import { systemClock } from '@tillid/runtime';
import { addressesFrom, type Addresses, allOf, mostReplicas } from '../installation/addresses.js';
import type { DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import { type Installation, openInstallation } from '../installation/installation.js';
import { takeLock } from '../installation/lock.js';
import { prepareInstallation } from '../installation/prepare.js';
import { renewDaily } from '../installation/renewal.js';
import { signRequests } from '../installation/requests.js';
import { describeRunning, readRunning, type Running, writeRunning } from '../installation/running.js';
import { registerOwnAgent } from '../system/register-clients.js';
import { forgetWhatStoodIn, migrate, openEngines } from './cluster.js';
import type { RunningEngines } from './engine-process.js';
import { waitUntilFree } from './free-ports.js';
import { waitUntilServing } from './health.js';
import type { Phases } from './phases.js';
import { type Engines, serviceCommand } from './service-command.js';
import { ServiceProcess } from './service-process.js';

/** A service that dies this often before its first "serving" is not going to come. */
const deathsBeforeReadyMax = 5;
const readyWithinMs = 60_000;
const lookForRequestsEveryMs = 150;

export interface UpSystem {
  readonly running: Running;
  stop(): Promise<void>;
  /** For a second Ctrl-C. */
  kill(): void;
}

export interface UpOptions {
  readonly portBase: number | undefined;
  /** alone: stores are files. kafka: besides, events go over Kafka. cluster: two replicas of each service, on MongoDB and Kafka. */
  readonly shape: 'alone' | 'kafka' | 'cluster';
}

/**
 * From a folder, or nothing, to a running system; undefined when it was told to stop before it was there.
 * Every step finds what the last start, or half of one, left and goes on from there.
 */
export async function up(data: DataFolder, { portBase, shape }: UpOptions, phases: Phases, stop: AbortSignal): Promise<UpSystem | undefined> {
  const lock = takeLock(data.lock);
  if (!lock) {
    const pid = await readRunning(data).then((running) => ` (process ${running.pid})`, () => '');
    throw new CommandFailure(`already running on ${data.path}${pid}`, 1);
  }
  await rm(data.running, { force: true });
  const cluster = shape === 'cluster';
  if (cluster) await forgetWhatStoodIn(data, phases);
  const installation = await openInstallation(data, portBase, cluster ? 'database' : 'files');
  const addresses = addressesFrom(installation.portBase, cluster ? mostReplicas : 1);
  const prepare = () => prepareInstallation(data, installation, systemClock.nowMs());
  const authority = await phases.phase('authority and certificates', prepare);
  const signer = startSigning(data, authority, phases);
  const renewal = renewDaily(prepare, (error) => phases.line(`  certificates could not be renewed: ${(error as Error).message}`));
  let engines: RunningEngines | undefined;
  let services: Services | undefined;
  const system = {
    async stop() {
      clearInterval(signer);
      renewal.stop();
      await services?.stop();
      await engines?.stop();
      await rm(data.running, { force: true });
      lock.release();
    },
    kill() {
      services?.kill();
      engines?.kill();
    },
  };
  try {
    if (shape !== 'alone') engines = await phases.phase(cluster ? 'MongoDB and Kafka' : 'Kafka', () => openEngines(data, cluster, phases, stop));
    services = new Services(data, installation, addresses, phases, engines);
    await waitUntilFree(allOf(addresses), stop);
    if (engines) await phases.phase('indexes and topics', () => migrate(data, installation, addresses, engines!));
    services.start();
    await services.untilServing(stop);
    await phases.phase('callers registered', () => registerOwnAgent(data, addresses.grpc));
    return { ...system, running: await services.announce() };
  } catch (error) {
    await system.stop();
    if (stop.aborted) return undefined;
    throw error;
  }
}

function startSigning(data: DataFolder, authority: Authority, phases: Phases): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    void signRequests(data, authority, systemClock.nowMs())
      .catch((error: unknown) => phases.line(`  signing requests failed: ${(error as Error).message}`))
      .finally(() => (busy = false));
  }, lookForRequestsEveryMs);
}

class Services {
  private readonly processes: readonly ServiceProcess[];
  private readonly pids: Record<string, number> = {};
  private readonly startedAt = new Date().toISOString();
  private announced = false;
  private stopped = false;
  private hopeless: string | undefined;

  constructor(
    private readonly data: DataFolder,
    private readonly installation: Installation,
    private readonly addresses: Addresses,
    private readonly phases: Phases,
    engines: Engines | undefined,
  ) {
    const events = {
      started: (name: string, pid: number) => this.hasStarted(name, pid),
      died: (name: string, how: string, restartInMs: number, lastWords: string) => this.hasDied(name, how, restartInMs, lastWords),
    };
    this.processes = addresses.replicas.map((replica) => new ServiceProcess(serviceCommand(replica, data, installation, addresses, engines), events));
  }

  start(): void {
    for (const process of this.processes) process.start();
  }

  /** All at once; each line says when that service was there, counted from their common start. */
  async untilServing(stop: AbortSignal): Promise<void> {
    const tls = readTlsIdentity(this.data.caller({ kind: 'operator', id: 'operator' }));
    const untilMs = performance.now() + readyWithinMs;
    const giveUp = () => stop.aborted || this.hopeless !== undefined || performance.now() > untilMs;
    const startedAtMs = performance.now();
    const serving = await Promise.all(
      this.addresses.replicas.map(async ({ name, service, grpc }) => {
        const served = await waitUntilServing(grpc, rpcCredentials(tls, service), giveUp);
        if (served) this.phases.done(`${name} serving`, performance.now() - startedAtMs);
        return served;
      }),
    );
    if (serving.every(Boolean)) return;
    throw new CommandFailure(this.hopeless ?? `not all services were serving within ${readyWithinMs / 1000} s; see ${this.data.logs}`, 1);
  }

  async announce(): Promise<Running> {
    this.announced = true;
    const running = describeRunning(this.data, this.installation, this.addresses, this.startedAt, { ...this.pids });
    await writeRunning(this.data, running);
    return running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.processes.map((process) => process.stop()));
  }

  kill(): void {
    this.stopped = true;
    for (const process of this.processes) process.kill();
  }

  private hasStarted(name: string, pid: number): void {
    this.pids[name] = pid;
    if (this.announced && !this.stopped) void this.announce().catch((error: unknown) => this.phases.line(`  running.json: ${(error as Error).message}`));
  }

  private hasDied(name: string, how: string, restartInMs: number, lastWords: string): void {
    this.phases.line(`  ${name} ${how}; starting it again in ${restartInMs / 1000} s`);
    const deaths = this.processes.find((process) => process.name === name)!.deaths;
    if (!this.announced && deaths >= deathsBeforeReadyMax) this.hopeless = `${name} does not start: it ${how}. Its last words:\n${lastWords.trimEnd()}`;
  }
}

