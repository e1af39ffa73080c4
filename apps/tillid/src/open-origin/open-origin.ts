import { resolve } from 'node:path';
import { installationIn } from '../backup/secrets-copy.js';
import { addressesFrom, firstOf } from '../installation/addresses.js';
import type { DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import { openInstallation } from '../installation/installation.js';
import { takeLock } from '../installation/lock.js';
import { runMode } from '../up/run-mode.js';
import { serviceCommand } from '../up/service-command.js';

/** As audit's program says it. */
export interface OpenedOrigin {
  readonly opened: string;
  readonly vkey: string;
  readonly former: string;
  readonly formerSize: number;
  readonly kept: number;
  readonly lostBecause: string;
  readonly oldFiles: string;
}

/** Audit's program does it, with nobody running; all that it decides and writes is its own (apps/audit, open-origin). */
export async function openOrigin(data: DataFolder, lastCheckpoint: string | undefined): Promise<OpenedOrigin> {
  if ((await installationIn(data.path)) === undefined) throw new CommandFailure(`there is no installation in ${data.path}`, 2);
  const lock = takeLock(data.lock);
  if (!lock) throw new CommandFailure(`the system runs on ${data.path}: whatever it says, stop it first`, 1);
  try {
    const installation = await openInstallation(data, undefined, 'files');
    const addresses = addressesFrom(installation.portBase);
    const words = lastCheckpoint === undefined ? [] : ['--last-checkpoint', resolve(lastCheckpoint)];
    const program = serviceCommand(firstOf(addresses, 'audit'), data, installation, addresses);
    return JSON.parse(await runMode(program, ['open-origin', ...words], 'given another log').catch(inPlainWords)) as OpenedOrigin;
  } finally {
    lock.release();
  }
}

/** A refusal is the last line of what the program said: a code, and a sentence. */
function inPlainWords(error: unknown): never {
  const [, refused, detail] = /\{"refused":"([^"]+)","detail":"((?:[^"\\]|\\.)*)"\}$/.exec(error instanceof CommandFailure ? error.message : '') ?? [];
  throw refused === undefined ? error : new CommandFailure(`${refused}: ${JSON.parse(`"${detail}"`) as string}`, 1);
}
