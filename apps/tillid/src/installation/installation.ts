import { replaceSecretFile, openSecretFile, systemIds } from '@tillid/crypto';
import { defaultPortBase } from './addresses.js';
import type { DataFolder } from './data-folder.js';
import { CommandFailure } from './failure.js';

/** What was decided at first start. The origin is the name of the log for ever; the ports may move. */
export interface Installation {
  readonly id: string;
  /** Unique to the installation: no two logs in the world share it. */
  readonly origin: string;
  readonly portBase: number;
  /** Whether what it knows lies in files in this folder or in a database beside it: never both. */
  readonly stores: 'files' | 'database';
}

/** Reads it, or makes it. Another port base than last time is kept for the next. */
export async function openInstallation(folder: DataFolder, portBase: number | undefined, stores: Installation['stores'] = 'files'): Promise<Installation> {
  const stored = parse(
    await openSecretFile(folder.installation, () => {
      const id = systemIds.newId();
      return encode({ id, origin: `tillid.local/${id}`, portBase: portBase ?? defaultPortBase, stores });
    }),
  );
  if (stored.stores !== stores) throw new CommandFailure(`${folder.path} is an installation on ${stored.stores === 'files' ? 'files' : 'a database, for `tillid up --cluster`'}: choose another folder with --data`, 1);
  if (portBase === undefined || portBase === stored.portBase) return stored;
  const moved = { ...stored, portBase };
  await replaceSecretFile(folder.installation, encode(moved));
  return moved;
}

function encode(installation: Installation): Buffer {
  return Buffer.from(`${JSON.stringify(installation, null, 2)}\n`);
}

function parse(content: Buffer): Installation {
  // Those of before there were two kinds do not say.
  const { id, origin, portBase, stores = 'files' } = JSON.parse(content.toString('utf8')) as Partial<Installation>;
  if (id === undefined || origin === undefined || portBase === undefined || !/^[a-z2-7]{26}$/.test(id) || origin !== `tillid.local/${id}` || !Number.isInteger(portBase)) throw new Error('installation.json is not one this version can read');
  return { id, origin, portBase, stores };
}
