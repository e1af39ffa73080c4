import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout, type DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import { broker, brokerAdministrator } from '../installation/prepare.js';
import type { Phases } from './phases.js';
import type { Engines } from './service-command.js';

export interface RunningEngines extends Engines {
  /** The database keeps nothing over a restart. */
  readonly keepsNothing: boolean;
  stop(): Promise<void>;
  kill(): void;
}

interface Ready {
  readonly mongo?: { readonly url: string; readonly from: 'environment' | 'compose' | 'jars' };
  readonly kafka: { readonly brokers: readonly string[]; readonly from: 'environment' | 'compose' | 'jars'; readonly replication?: number };
}

/** tools/engines, which ends with us however we end: its standard input is a pipe that only we hold. */
export async function startEngines(data: DataFolder, withMongo: boolean, phases: Phases, stop: AbortSignal): Promise<RunningEngines> {
  const superUsers = [broker, brokerAdministrator].map(({ kind, id }) => `User:CN=${id},OU=${kind}`).join(';');
  const launcher = spawn(process.execPath, [join(checkout, 'tools/engines/main.mjs'), 'up', ...(withMongo ? ['--mongo'] : []), '--kafka', '--kafka-tls', data.brokerTls, '--kafka-super-users', superUsers], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Of its own, so that Ctrl-C in the terminal does not take the database from under services that are still stopping.
    detached: true,
  });
  createInterface({ input: launcher.stderr }).on('line', (line) => phases.line(`  ${line}`));
  stop.addEventListener('abort', () => launcher.kill('SIGTERM'), { once: true });
  const { mongo, kafka } = await ready(launcher);
  return {
    ...(mongo && { mongoUrl: mongo.url }),
    kafkaBrokers: kafka.brokers,
    kafkaReplication: kafka.replication ?? 1,
    keepsNothing: mongo?.from === 'jars',
    stop: () => ended(launcher),
    kill: () => void launcher.kill('SIGKILL'),
  };
}

function ready(launcher: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    createInterface({ input: launcher.stdout! }).once('line', (line) => resolve(JSON.parse(line) as Ready));
    launcher.once('error', reject);
    launcher.once('exit', (code) => reject(new CommandFailure(`the engines of the cluster cannot be had (exit code ${code}); the lines above say what to install`, 1)));
  });
}

async function ended(launcher: ChildProcess): Promise<void> {
  if (launcher.exitCode !== null || launcher.signalCode !== null) return;
  const gone = new Promise((resolve) => launcher.once('exit', resolve));
  launcher.stdin!.end();
  await gone;
}
