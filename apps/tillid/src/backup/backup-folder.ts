import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceName } from '@tillid/runtime';
import { CommandFailure } from '../installation/failure.js';

/** backup.json: whose backup it is. Written last; a folder without it is half a backup. */
export interface Backup {
  readonly version: 1;
  readonly installationId: string;
  readonly origin: string;
  /** ISO 8601, when it was begun: what is dated before it is in it. */
  readonly at: string;
}

interface Manifest {
  readonly service: string;
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
}

/** The only place that knows how a backup lies in its folder: `backup.json`, and for each service its copies and `manifest.json`. */
export class BackupFolder {
  constructor(readonly path: string) {}

  get about(): string {
    return join(this.path, 'backup.json');
  }

  service(name: ServiceName): string {
    return join(this.path, name);
  }

  async read(): Promise<Backup> {
    const text = await readFile(this.about, 'utf8').catch(() => undefined);
    if (text === undefined) throw new CommandFailure(`${this.path} is no backup, or half of one: there is no backup.json`, 2);
    const backup = JSON.parse(text) as Backup;
    if (backup.version !== 1) throw new CommandFailure(`${this.path} is a backup of another version`, 2);
    return backup;
  }

  /** Files of a service, once every one of them is what its manifest says. */
  async checkedFiles(name: ServiceName): Promise<readonly string[]> {
    const folder = this.service(name);
    const { files } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    for (const { name: file, sha256 } of files) {
      if (!/^[a-z][a-z-]*\.sqlite$/.test(file)) throw new CommandFailure(`the manifest of ${name} names a file that is no store: ${file}`, 1);
      const found = await sha256Of(join(folder, file)).catch(() => 'nothing');
      if (found !== sha256) throw new CommandFailure(`${join(folder, file)} is not what was backed up: ${found} where the manifest says ${sha256}`, 1);
    }
    return files.map(({ name: file }) => join(folder, file));
  }
}

/** True also for one that is not there. */
export async function isEmptyFolder(path: string): Promise<boolean> {
  return (await readdir(path).catch(() => [])).length === 0;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
