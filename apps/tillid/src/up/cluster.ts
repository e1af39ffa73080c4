import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceNames } from '@tillid/runtime';
import { type Addresses, firstOf } from '../installation/addresses.js';
import type { DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import type { Installation } from '../installation/installation.js';
import type { Phases } from './phases.js';
import { startEngines, type RunningEngines } from './engine-process.js';
import { runMode } from './run-mode.js';
import { type Engines, serviceCommand } from './service-command.js';

/** A database that keeps nothing over a restart took everything along: what lies beside it would contradict an empty one. */
export async function forgetWhatStoodIn(data: DataFolder, phases: Phases): Promise<void> {
  if (!existsSync(data.standIn)) return;
  phases.line('  the database of the last start was a stand-in that keeps nothing: starting on a fresh folder');
  // The lock is held, and the mark goes last: half of this is done again.
  const kept = new Set(['lock', 'lock-journal', 'stand-in']);
  for (const name of await readdir(data.path)) if (!kept.has(name)) await rm(join(data.path, name), { recursive: true, force: true });
  await rm(data.standIn);
}

export async function openEngines(data: DataFolder, withMongo: boolean, phases: Phases, stop: AbortSignal): Promise<RunningEngines> {
  const engines = await startEngines(data, withMongo, phases, stop);
  if (!engines.keepsNothing) return engines;
  if (existsSync(data.publicLog)) {
    await engines.stop();
    throw new CommandFailure(`${data.path} holds the log of a database that is elsewhere, and here there is only a stand-in, which is empty: choose another folder with --data`, 1);
  }
  await writeFile(data.standIn, 'The database of this installation is in memory. The next `tillid up --cluster` starts on a fresh folder.\n');
  phases.line('  MongoDB is a stand-in in memory: nothing outlives this run, and the next one starts on a fresh folder');
  return engines;
}

/** Once for each service, in the name of whoever may make topics; services themselves may not. */
export async function migrate(data: DataFolder, installation: Installation, addresses: Addresses, engines: Engines): Promise<void> {
  await Promise.all(
    serviceNames.map(async (name) => {
      const replica = firstOf(addresses, name);
      const command = serviceCommand(replica, data, installation, addresses, engines);
      await runMode({ ...command, environment: { ...command.environment, TILLID_TLS: data.brokerAdministratorTls } }, ['migrate'], 'migrated');
    }),
  );
}
