import { copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { serviceNames } from '@tillid/runtime';
import { DataFolder } from '../installation/data-folder.js';
import { CommandFailure } from '../installation/failure.js';
import { type Backup, BackupFolder, isEmptyFolder } from './backup-folder.js';
import { installationIn, placeSecrets } from './secrets-copy.js';

export interface RestoreFrom {
  readonly backup: string;
  /** The newest copy of the secrets. */
  readonly secrets: string;
  /** What no backup holds: a folder with audit's `log/` and `tree-head.sqlite` as they were last. */
  readonly record: string;
}

/**
 * A new data folder, made beside its place and given its name when it is whole. Each service in it is marked as restored: it does
 * nothing before its log is as long as the record of it. Half a restore leaves `<folder>.restoring`, which the next one clears away.
 */
export async function restore({ backup: from, secrets, record }: RestoreFrom, data: DataFolder): Promise<Backup> {
  const folder = new BackupFolder(from);
  const backup = await folder.read();
  if (!(await isEmptyFolder(data.path))) throw new CommandFailure(`${data.path} is not empty: a restore never takes the place of anything`, 1);
  if ((await installationIn(secrets)) !== backup.installationId) throw new CommandFailure(`${secrets} holds no secrets of the installation that ${from} is a backup of`, 1);
  const treeHead = (await readdir(record).catch(() => [])).filter((file) => /^tree-head\.sqlite(-wal)?$/.test(file));
  if (!treeHead.includes('tree-head.sqlite')) throw new CommandFailure(`${record} holds no tree-head.sqlite: without the last signed tree head audit would sign another log than the one that others have seen`, 1);
  const fresh = new DataFolder(`${data.path}.restoring`);
  await rm(fresh.path, { recursive: true, force: true });
  await placeSecrets(secrets, fresh.path);
  for (const name of serviceNames) {
    await mkdir(fresh.service(name), { recursive: true, mode: 0o700 });
    for (const file of await folder.checkedFiles(name)) await copyFile(file, join(fresh.service(name), basename(file)));
    await writeFile(join(fresh.service(name), 'restored'), `${JSON.stringify(backup)}\n`, { mode: 0o600 });
  }
  for (const file of treeHead) await copyFile(join(record, file), join(fresh.service('audit'), file));
  await cp(join(record, 'log'), fresh.publicLog, { recursive: true });
  await rm(data.path, { recursive: true, force: true });
  await rename(fresh.path, data.path);
  return backup;
}
