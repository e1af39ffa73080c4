import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceSecretFile } from '@tillid/crypto';
import { ConfigRefused } from '@tillid/runtime';
import { copyDatabase, digestOfFile } from '@tillid/store-sqlite';
import type { ServiceConfig } from '../service-config.js';
import type { ServiceDeclaration } from '../service-declaration.js';
import type { StorePlan } from '../stores.js';

/** Beside the copies of one service. Written last: a folder without it is half a backup. */
export const manifestFile = 'manifest.json';

export interface BackupManifest {
  readonly service: string;
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
}

/**
 * Logs first. A value, or a key, is put before the event that names it, so a log that is older than vault and key ring names
 * nothing they have not; and what the log has lost by then, audit has.
 *
 * Left out, because a backup must not bring them back: records (the last signed tree head, leases) and secrets. Left out,
 * because they are made again from the logs: read models.
 */
export function storesInBackup({ eventStores, vault, expiringStores, own = [] }: StorePlan): readonly string[] {
  return [...eventStores, ...(vault ? ['vault'] : []), ...own.map(({ database }) => database), ...expiringStores].map((name) => `${name}.sqlite`);
}

/** Copies of what the service keeps, into an empty folder or a new one; the service may be running. */
export async function backUpService({ name, stores }: ServiceDeclaration, { data, mongoUrl }: ServiceConfig, folder: string): Promise<BackupManifest> {
  if (mongoUrl !== undefined) throw new ConfigRefused(['TILLID_MONGO_URL is set: a database is backed up with its own tools (docs/operations.md)']);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = [];
  for (const file of storesInBackup(stores)) {
    // Of an own store that this service has not made yet.
    if (!existsSync(join(data, file))) continue;
    copyDatabase(join(data, file), join(folder, file));
    files.push({ name: file, ...(await digestOfFile(join(folder, file))) });
  }
  const manifest: BackupManifest = { service: name, files };
  await replaceSecretFile(join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
