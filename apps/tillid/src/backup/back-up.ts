import { mkdir } from 'node:fs/promises';
import { replaceSecretFile } from '@tillid/crypto';
import { serviceNames, systemClock } from '@tillid/runtime';
import { addressesFrom, firstOf } from '../installation/addresses.js';
import type { DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import { openInstallation } from '../installation/installation.js';
import { runMode } from '../up/run-mode.js';
import { serviceCommand } from '../up/service-command.js';
import { type Backup, BackupFolder, isEmptyFolder } from './backup-folder.js';
import { copySecrets, installationIn } from './secrets-copy.js';

/**
 * Every service copies its own stores, while it runs or not: nobody else opens them. Audit last, so that the copy of the record
 * is the newest. Then the secrets, into a folder of their own: later than the stores, they have every key that wraps something there.
 */
export async function backUp(data: DataFolder, to: string, secretsTo: string | undefined): Promise<Backup> {
  if ((await installationIn(data.path)) === undefined) throw new CommandFailure(`there is no installation in ${data.path}`, 2);
  if (!(await isEmptyFolder(to))) throw new CommandFailure(`${to} is not empty: a backup never takes the place of another`, 1);
  const installation = await openInstallation(data, undefined, 'files');
  const backup: Backup = { version: 1, installationId: installation.id, origin: installation.origin, at: new Date(systemClock.nowMs()).toISOString() };
  const addresses = addressesFrom(installation.portBase);
  const folder = new BackupFolder(to);
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of serviceNames) await runMode(serviceCommand(firstOf(addresses, name), data, installation, addresses), ['backup', '--to', folder.service(name)], 'backed up');
  if (secretsTo !== undefined) await copySecrets(data, secretsTo);
  await replaceSecretFile(folder.about, `${JSON.stringify(backup, null, 2)}\n`);
  return backup;
}
