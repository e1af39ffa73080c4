import type { TreeHead } from './findings.js';
import { hashBytes, perfectRoot } from './hash.js';
import { levelsOf, tileWidth } from './layout.js';
import type { LogFiles } from './log-files.js';
import { loadLeafEdge } from './right-edge.js';
import { readTile } from './tile-reader.js';
import { refuse } from './transparency.refusals.js';

export interface ProvenLeaves {
  /** Hash of a leaf below the size, from a tile that hashes to the signed root. Throws Refused where a tile is missing, too short, or another. */
  at(leafIndex: number): Promise<Uint8Array>;
}

/**
 * For a reader of some leaves of a long log: each tile is proven by the one above it, from the root down, before a hash
 * of it is handed out. Asked in ascending order it reads no tile twice, and holds one a level. Throws Refused unless the
 * tiles at the right edge make the root.
 */
export async function provenLeaves(files: LogFiles, { size, root }: Pick<TreeHead, 'size' | 'root'>): Promise<ProvenLeaves> {
  const edge = await loadLeafEdge(files, size, root);
  const levels = levelsOf(size);
  const held = new Map<number, { readonly index: number; readonly tile: Uint8Array }>();

  async function tileAt(level: number, index: number): Promise<Uint8Array> {
    if (index === levels[level]?.fullTiles) return edge.levels[level]!;
    const known = held.get(level);
    if (known?.index === index) return known.tile;
    const expected = hashIn(await tileAt(level + 1, Math.floor(index / tileWidth)), index % tileWidth);
    const tile = await readTile(files, level, index, tileWidth);
    if (!perfectRoot(tile, 0, tileWidth).equals(expected)) throw refuse('tile.mismatch');
    held.set(level, { index, tile });
    return tile;
  }

  return {
    async at(leafIndex) {
      if (!Number.isSafeInteger(leafIndex) || leafIndex < 0 || leafIndex >= size) throw refuse('tree.range_outside');
      return hashIn(await tileAt(0, Math.floor(leafIndex / tileWidth)), leafIndex % tileWidth);
    },
  };
}

function hashIn(tile: Uint8Array, place: number): Uint8Array {
  return tile.subarray(place * hashBytes, (place + 1) * hashBytes);
}
