import { type CallerName, replaceSecretFile } from '@tillid/crypto';
import type { ServiceName } from '@tillid/runtime';
import { type Addresses, firstOf, jwksUrlsOf, type Replica } from './addresses.js';
import type { DataFolder } from './data-folder.js';
import { CommandFailure } from './failure.js';
import type { Installation } from './installation.js';
import { textIfThere } from './text-file.js';

/** running.json: where everything is, for the other commands, the auditor's tool and tests. */
export interface Running {
  readonly pid: number;
  /** By the name of the replica: that of its service where it is the only one. */
  readonly pids: Readonly<Record<string, number>>;
  readonly replicas: readonly Replica[];
  readonly startedAt: string;
  readonly installationId: string;
  readonly origin: string;
  readonly portBase: number;
  /** Of several replicas: all of them, by commas. */
  readonly grpc: Readonly<Record<ServiceName, string>>;
  /** Checkpoint and tiles, public. */
  readonly logUrl: string;
  /** The same and the entry bundles, by certificate. */
  readonly logHttpsUrl: string;
  readonly vkeyFile: string;
  readonly logFolder: string;
  readonly jwksUrl: string;
  readonly callers: string;
  readonly ca: string;
}

export function describeRunning(data: DataFolder, installation: Installation, addresses: Addresses, startedAt: string, pids: Running['pids']): Running {
  const audit = firstOf(addresses, 'audit');
  return {
    pid: process.pid,
    pids,
    replicas: addresses.replicas,
    startedAt,
    installationId: installation.id,
    origin: installation.origin,
    portBase: installation.portBase,
    grpc: addresses.grpc,
    logUrl: `http://${audit.http}`,
    logHttpsUrl: `https://${audit.https}`,
    vkeyFile: data.vkey,
    logFolder: data.publicLog,
    jwksUrl: jwksUrlsOf(addresses)[0]!,
    callers: data.callers,
    ca: data.ca,
  };
}

export function writeRunning(data: DataFolder, running: Running): Promise<void> {
  return replaceSecretFile(data.running, `${JSON.stringify(running, null, 2)}\n`);
}

/** What is running on a data folder; exit code 2 when nothing is. A file left behind by a killed `tillid up` counts as nothing. */
export async function readRunning(data: DataFolder): Promise<Running> {
  const text = await textIfThere(data.running);
  const running = text === undefined ? undefined : (JSON.parse(text) as Running);
  if (!running || !isAlive(running.pid)) throw new CommandFailure(`nothing is running on ${data.path}: start it with \`tillid up\` (or npm start)`, 2);
  return running;
}

/** The callers every installation has from the first start. */
export const ownCallers: readonly CallerName[] = [
  { kind: 'operator', id: 'operator' },
  { kind: 'official', id: 'official-1' },
  { kind: 'official', id: 'official-2' },
  { kind: 'auditor', id: 'auditor' },
  { kind: 'citizen_agent', id: 'tillid-agent' },
];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
