import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { ServiceName } from '@tillid/runtime';
import { CouldNotLook } from '../could-not-look.js';
import type { RebuiltList } from './compare-lists.js';

/** What `main.js rebuild` prints. */
const printed = z.object({
  positions: z.record(z.string(), z.number()),
  readModels: z.array(
    z.object({
      name: z.string(), version: z.number(), digest: z.string(), documents: z.number(), source: z.string(), position: z.number(),
      stopped: z.object({ position: z.number(), reason: z.string() }).optional(),
    }),
  ),
});

export interface RebuildOrder {
  /** Folder of the log. */
  readonly from: string;
  /** As `--until` has it; of no use with `at`, which names every list. */
  readonly until?: string | undefined;
  readonly at?: readonly { readonly name: string; readonly position: number }[];
  /** Its temporary files lie under this. */
  readonly scratch: string;
}

export interface Rebuilt {
  readonly positions: Readonly<Record<string, number>>;
  readonly lists: readonly RebuiltList[];
}

/** The services of the checkout this tool was built in: the auditor's own copy, when the auditor built it. */
export function programsFolder(): string {
  return resolve(import.meta.dirname, '../../..');
}

/** The service's own program, run apart and told nothing of the installation: no setting, no store, no certificate. */
export async function rebuildWith(programs: string, service: ServiceName, { from, until, at = [], scratch }: RebuildOrder): Promise<Rebuilt> {
  const program = join(programs, service, 'dist/main.js');
  if (!existsSync(program)) throw new CouldNotLook(`${program} is not there: build it, or name another folder by --programs`);
  const args = ['rebuild', '--from', from, ...(until === undefined ? [] : ['--until', until]), ...at.flatMap(({ name, position }) => ['--at', `${name}=${position}`])];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { TMPDIR: scratch } });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
  if (code !== 0) throw new CouldNotLook(`${service} could not be built again: ${err.trim() || `its program ended with ${code}`}`);
  try {
    const { positions, readModels } = printed.parse(JSON.parse(out));
    return { positions, lists: readModels };
  } catch (error) {
    throw new CouldNotLook(`${service}'s program did not say what it built`, { cause: error });
  }
}
