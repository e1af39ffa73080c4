import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Leaves } from '@tillid/eventsourcing';
import { bundlePath, checkpointPath, parseBundle, parseCheckpoint, tileWidth } from '@tillid/transparency';

/** Why a log cannot be read, in one sentence. */
export class UnreadableLog extends Error {
  override readonly name = 'UnreadableLog';
}

/**
 * The entries of a log: of a folder as audit serves it (`checkpoint`, `tile/entries/...`), or of a file as
 * `tillid-auditor replay` prints it. Neither signature nor hash is looked at here; that is `tillid-auditor`'s, beforehand.
 */
export async function leavesOf(path: string): Promise<Leaves> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new UnreadableLog(`${path} cannot be read`, { cause });
  });
  return found.isDirectory() ? folderLeaves(path) : () => printedLeaves(path);
}

async function folderLeaves(folder: string): Promise<Leaves> {
  const { size } = await readFile(join(folder, checkpointPath), 'utf8').then((note) => parseCheckpoint(`${note.split('\n\n')[0]}\n`)).catch((cause: unknown) => {
    throw new UnreadableLog(`${folder} has no checkpoint`, { cause });
  });
  return async function* leaves() {
    for (let first = 0; first < size; first += tileWidth) yield* await bundle(folder, first / tileWidth, Math.min(tileWidth, size - first));
  };
}

async function bundle(folder: string, index: number, width: number): Promise<readonly Uint8Array[]> {
  // A log that grew since its checkpoint was read has removed the partial bundle that the full one holds.
  for (const held of new Set([width, tileWidth])) {
    const bytes = await readFile(join(folder, bundlePath(index, held))).catch(() => undefined);
    if (!bytes) continue;
    try {
      return parseBundle(bytes, held).slice(0, width);
    } catch (cause) {
      throw new UnreadableLog(`${bundlePath(index, held)} is no bundle of ${held} entries`, { cause });
    }
  }
  throw new UnreadableLog(`${bundlePath(index, width)} is missing`);
}

async function* printedLeaves(file: string): AsyncGenerator<Uint8Array, undefined> {
  let next = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const { leafIndex, bytes } = parsedLine(line, next);
    if (leafIndex !== next || typeof bytes !== 'string') throw new UnreadableLog(`line ${next + 1} is not leaf ${next} of a replay`);
    next += 1;
    yield Buffer.from(bytes, 'base64');
  }
}

function parsedLine(line: string, index: number): { readonly leafIndex?: unknown; readonly bytes?: unknown } {
  try {
    return JSON.parse(line) as object;
  } catch (cause) {
    throw new UnreadableLog(`line ${index + 1} is not JSON`, { cause });
  }
}
