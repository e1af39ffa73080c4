import { replaceSecretFile, openSecretFile, systemIds } from '@tillid/crypto';
import { defaultPortBase } from './addresses.js';
import type { DataFolder } from './data-folder.js';

/** What was decided at first start. The origin is the name of the log for ever; the ports may move. */
export interface Installation {
  readonly id: string;
  /** Unique to the installation: no two logs in the world share it. */
  readonly origin: string;
  readonly portBase: number;
}

/** Reads it, or makes it. Another port base than last time is kept for the next. */
export async function openInstallation(folder: DataFolder, portBase: number | undefined): Promise<Installation> {
  const stored = parse(
    await openSecretFile(folder.installation, () => {
      const id = systemIds.newId();
      return encode({ id, origin: `tillid.local/${id}`, portBase: portBase ?? defaultPortBase });
    }),
  );
  if (portBase === undefined || portBase === stored.portBase) return stored;
  const moved = { ...stored, portBase };
  await replaceSecretFile(folder.installation, encode(moved));
  return moved;
}

function encode(installation: Installation): Buffer {
  return Buffer.from(`${JSON.stringify(installation, null, 2)}\n`);
}

function parse(content: Buffer): Installation {
  const { id, origin, portBase } = JSON.parse(content.toString('utf8')) as Installation;
  if (!/^[a-z2-7]{26}$/.test(id) || origin !== `tillid.local/${id}` || !Number.isInteger(portBase)) throw new Error('installation.json is not one this version can read');
  return { id, origin, portBase };
}
