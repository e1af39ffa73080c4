import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { readTlsIdentity, type TlsIdentity } from '@tillid/rpc';
import { CouldNotLook } from './could-not-look.js';

/** What `tillid up` writes to running.json; of it, what an auditor needs. */
const running = z.object({
  grpc: z.object({ identity: z.string(), authentication: z.string(), consent: z.string(), audit: z.string() }),
  logUrl: z.string(),
  logHttpsUrl: z.string(),
  vkeyFile: z.string(),
  callers: z.string(),
});

export interface RunningSystem extends z.infer<typeof running> {
  /** The auditor's own certificate. */
  readonly tls: TlsIdentity;
}

/** The data folder of the checkout this tool was built in; TILLID_DATA_DIR names another. */
export function defaultDataFolder(): string {
  return process.env['TILLID_DATA_DIR'] ?? resolve(import.meta.dirname, '../../../.tillid');
}

/** Where everything is. Reads two files and asks nobody: whether it answers is found out by asking. */
export function findRunningSystem(dataFolder: string, tlsFolder?: string): RunningSystem {
  const path = join(dataFolder, 'running.json');
  if (!existsSync(path)) throw new CouldNotLook(`nothing is running on ${dataFolder}: name a log, or start one with \`tillid up\``);
  try {
    const found = running.parse(JSON.parse(readFileSync(path, 'utf8')));
    return { ...found, tls: readTlsIdentity(tlsFolder ?? join(found.callers, 'auditor', 'auditor')) };
  } catch (error) {
    throw new CouldNotLook(`${path}, or the auditor's certificate it leads to, cannot be read`, { cause: error });
  }
}
