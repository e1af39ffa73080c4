import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseAsOf, type AsOf } from '@tillid/eventsourcing';
import { exitWhenSaid } from '@tillid/runtime';
import { sqliteReadModelStore } from '@tillid/store-sqlite';
import type { ServiceDeclaration } from '../service-declaration.js';
import { leavesOf } from './log-leaves.js';
import { rebuildReadModels, type RebuildWish } from './rebuild-read-models.js';

const usage = 'rebuild --from <log folder | file of a replay> [--until <ISO instant | number of leaves>] [--at <read model>=<position>]... [--into <folder>]';

/**
 * `node main.js rebuild --from <log>`: what this service's lists are, made from the log alone, as one JSON object. Reads
 * no setting and no store of the service; the lists go to a new SQLite file, which is removed unless `--into` names a
 * folder for it. Exit 0: built, as far as the log let it; 2: could not. A process killed here leaves its temporary folder.
 */
export async function rebuildAndExit({ name, readModels }: Pick<ServiceDeclaration, 'name' | 'readModels'>, args: readonly string[]): Promise<never> {
  try {
    const { from, into, wish } = parsed(args);
    const leaves = await leavesOf(from);
    const folder = into ?? (await mkdtemp(join(tmpdir(), `tillid-rebuild-${name}-`)));
    try {
      const store = await sqliteReadModelStore({ path: join(folder, `${name}-read-models.sqlite`) });
      const rebuilt = await rebuildReadModels(readModels, store, leaves, wish).finally(() => store.close());
      process.stdout.write(`${JSON.stringify({ service: name, ...rebuilt })}\n`);
    } finally {
      if (into === undefined) await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    process.exitCode = 2;
    process.stderr.write(`${name}: could not rebuild: ${error instanceof Error ? `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}` : String(error)}\n`);
  }
  return exitWhenSaid();
}

function parsed(args: readonly string[]): { readonly from: string; readonly into: string | undefined; readonly wish: RebuildWish } {
  const text = { type: 'string' } as const;
  const { from, until, at = [], into } = parseArgs({ args: [...args], options: { from: text, until: text, at: { ...text, multiple: true }, into: text } }).values;
  if (from === undefined) throw new Error(usage);
  return { from, into, wish: { ...(until !== undefined && { asOf: asOf(until) }), at: new Map(at.map(placeOf)) } };
}

function asOf(text: string): AsOf {
  const parsed = parseAsOf(text);
  if (!parsed) throw new Error(`"${text}" is neither an instant like 2026-11-24T10:00:00Z nor a number of leaves`);
  return parsed;
}

function placeOf(text: string): readonly [name: string, position: number] {
  const [, name, position] = /^([A-Za-z0-9._-]{1,100})=(\d{1,15})$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`"${text}" is not <read model>=<position>`);
  return [name, Number(position)];
}
