import { hashBytes, perfectRoot } from './hash.js';
import { bundlePath, leavesPerHash, tilePath, tileWidth } from './layout.js';
import { bundlePrefix } from './entry-bundle.js';
import type { LogFiles } from './log-files.js';
import { refuse } from './transparency.refusals.js';
import type { SubtreeRoots } from './tree.js';

/** A tile, or its beginning from the full one: a partial tile may be deleted once the full one is there. */
export async function readTile(files: LogFiles, level: number, index: number, width: number): Promise<Uint8Array> {
  const exact = await files.read(tilePath(level, index, width));
  if (exact !== undefined) {
    if (exact.length !== width * hashBytes) throw refuse('tile.wrong_length');
    return exact;
  }
  const full = width === tileWidth ? undefined : await files.read(tilePath(level, index));
  if (full === undefined) throw refuse('tile.missing');
  if (full.length !== tileWidth * hashBytes) throw refuse('tile.wrong_length');
  return full.subarray(0, width * hashBytes);
}

/** A bundle, or its beginning from the full one. */
export async function readBundle(files: LogFiles, index: number, width: number): Promise<Uint8Array> {
  const exact = await files.read(bundlePath(index, width));
  if (exact !== undefined) return exact;
  const full = width === tileWidth ? undefined : await files.read(bundlePath(index));
  if (full === undefined) throw refuse('tile.missing');
  const prefix = bundlePrefix(full, width);
  if (prefix === undefined) throw refuse('bundle.truncated');
  return prefix;
}

/** What proofs are made from. The tiles are believed: a proof from bad ones does not check. */
export function subtreeRootsFrom(files: LogFiles, size: number): SubtreeRoots {
  // A proof asks for many subtrees of one tile after the other: of each level the last is kept.
  const last = new Map<number, { readonly index: number; readonly tile: Uint8Array }>();
  return async ({ first, count }) => {
    let level = 0;
    while (leavesPerHash(level + 1) <= count) level += 1;
    const place = first / leavesPerHash(level);
    const index = Math.floor(place / tileWidth);
    const hashesAtLevel = Math.floor(size / leavesPerHash(level));
    const kept = last.get(level);
    const tile = kept?.index === index ? kept.tile : await readTile(files, level, index, Math.min(tileWidth, hashesAtLevel - index * tileWidth));
    last.set(level, { index, tile });
    return perfectRoot(tile, place % tileWidth, count / leavesPerHash(level));
  };
}
