import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemIds } from '@tillid/crypto';
import { systemClock } from '@tillid/runtime';
import type { ServiceConfig } from '@tillid/service';
import { openOrigin, type Opened } from './open-origin.js';
import { OpeningRefused } from './opening-refused.js';

/** `node main.js open-origin [--last-checkpoint FILE]`, with audit's settings and audit stopped. */
export async function openOriginMode({ data, origin, mongoUrl }: ServiceConfig, args: readonly string[]): Promise<Opened | { readonly refused: string; readonly detail: string }> {
  try {
    if (mongoUrl !== undefined) throw new OpeningRefused('origin.needs_files', 'TILLID_MONGO_URL is set: a log is continued where its ledger is a file (docs/operations.md)');
    const { 'last-checkpoint': file } = parseArgs({ args: [...args], options: { 'last-checkpoint': { type: 'string' } } }).values;
    return await openOrigin({ data, origin, lastCheckpoint: file === undefined ? undefined : await readFile(file, 'utf8'), clock: systemClock, ids: systemIds });
  } catch (error) {
    if (error instanceof OpeningRefused) return { refused: error.reason, detail: error.detail };
    throw error;
  }
}
