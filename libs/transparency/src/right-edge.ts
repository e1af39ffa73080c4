import { encodeEntries, parseBundle } from './entry-bundle.js';
import { hashBytes, leafHash, leafHashInto, perfectRoot, type Hash } from './hash.js';
import { bundlePath, levelsOf, tilePath, tileWidth } from './layout.js';
import type { LogFiles } from './log-files.js';
import { readBundle, readTile } from './tile-reader.js';
import { refuse } from './transparency.refusals.js';
import { joinRight, perfectSubtrees } from './tree.js';

/** All of a tree that is needed to grow it: what stands in the partial tiles and the partial bundle. */
export interface RightEdge {
  readonly size: number;
  /** Per level the hashes of its partial tile, 0 to 255 of them. */
  readonly levels: readonly Uint8Array[];
  /** The entries of the partial bundle, encoded. */
  readonly bundle: Uint8Array;
}

export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Growth {
  readonly edge: RightEdge;
  /** To be durable before the tiles ... */
  readonly bundles: readonly LogFile[];
  /** ... and these before a checkpoint of the new size is signed. */
  readonly tiles: readonly LogFile[];
  /** Full paths whose partial versions no checkpoint from now on needs. */
  readonly completed: readonly string[];
}

export const emptyEdge: RightEdge = { size: 0, levels: [], bundle: new Uint8Array(0) };

/** The tree with more leaves. n new leaves cost n leaf hashes and about n node hashes, whatever the size of the tree. */
export function growEdge(edge: RightEdge, entries: readonly Uint8Array[]): Growth {
  if (entries.length === 0) return { edge, bundles: [], tiles: [], completed: [] };
  const completedBundles: string[] = [];
  const bundles = growBundles(edge, entries, completedBundles);
  const leaves = Buffer.allocUnsafe(entries.length * hashBytes);
  entries.forEach((entry, index) => leafHashInto(leaves, index * hashBytes, entry));
  const grown = growEdgeByLeaves(edge, leaves);
  return { edge: { ...grown.edge, bundle: bundles.rest }, bundles: bundles.files, tiles: grown.tiles, completed: [...completedBundles, ...grown.completed] };
}

/** A tree's edge without its entries: enough to follow a log by its tiles. */
export type LeafEdge = Omit<RightEdge, 'bundle'>;

/** The same from leaf hashes alone, 32 bytes each: what the tiles of a log that has grown must be. */
export function growEdgeByLeaves(edge: LeafEdge, leaves: Uint8Array): { readonly edge: LeafEdge; readonly tiles: readonly LogFile[]; readonly completed: readonly string[] } {
  const completed: string[] = [];
  const tiles: LogFile[] = [];
  const levels: Uint8Array[] = [];
  let arriving: Buffer = Buffer.from(leaves);
  for (let level = 0, sizeAtLevel = edge.size; arriving.length > 0 || level < edge.levels.length; level += 1, sizeAtLevel = Math.floor(sizeAtLevel / tileWidth)) {
    const before = edge.levels[level] ?? new Uint8Array(0);
    const row = Buffer.concat([before, arriving]);
    const firstTile = Math.floor(sizeAtLevel / tileWidth);
    const fullTiles = Math.floor(row.length / hashBytes / tileWidth);
    const carried = Buffer.allocUnsafe(fullTiles * hashBytes);
    for (let tile = 0; tile < fullTiles; tile += 1) {
      const bytes = row.subarray(tile * tileWidth * hashBytes, (tile + 1) * tileWidth * hashBytes);
      const path = tilePath(level, firstTile + tile);
      tiles.push({ path, bytes });
      completed.push(path);
      perfectRoot(bytes, 0, tileWidth).copy(carried, tile * hashBytes);
    }
    const rest = row.subarray(fullTiles * tileWidth * hashBytes);
    if (arriving.length > 0 && rest.length > 0) tiles.push({ path: tilePath(level, firstTile + fullTiles, rest.length / hashBytes), bytes: rest });
    levels.push(rest);
    arriving = carried;
  }
  return { edge: { size: edge.size + leaves.length / hashBytes, levels }, tiles, completed };
}

export function edgeRoot(edge: LeafEdge): Hash {
  // Higher levels stand to the left; within a level the larger subtrees do.
  const roots = edge.levels.toReversed().flatMap((hashes) => perfectSubtrees(0, hashes.length / hashBytes).map(({ first, count }) => perfectRoot(hashes, first, count)));
  return joinRight(roots);
}

/** The edge as the files have it. Throws Refused unless it hashes to the root and its bundle to its leaves. */
export async function loadEdge(files: LogFiles, size: number, root: Uint8Array): Promise<RightEdge> {
  const { levels } = await loadLeafEdge(files, size, root);
  const width = size % tileWidth;
  const bundle = width === 0 ? new Uint8Array(0) : Uint8Array.from(await readBundle(files, Math.floor(size / tileWidth), width));
  const hashes = Buffer.concat(parseBundle(bundle, width).map(leafHash));
  if (!hashes.equals(levels[0] ?? new Uint8Array(0))) throw refuse('edge.wrong_root');
  return { size, levels, bundle };
}

/** The edge from the tiles alone. Throws Refused unless it hashes to the root. */
export async function loadLeafEdge(files: LogFiles, size: number, root: Uint8Array): Promise<LeafEdge> {
  const levels: Uint8Array[] = [];
  for (const { level, fullTiles, edgeWidth } of levelsOf(size)) {
    levels.push(edgeWidth === 0 ? new Uint8Array(0) : Uint8Array.from(await readTile(files, level, fullTiles, edgeWidth)));
  }
  const edge = { size, levels };
  if (!edgeRoot(edge).equals(root)) throw refuse('edge.wrong_root');
  return edge;
}

function growBundles(edge: RightEdge, entries: readonly Uint8Array[], completed: string[]): { files: LogFile[]; rest: Uint8Array } {
  const files: LogFile[] = [];
  let rest: Uint8Array = edge.bundle;
  for (let taken = 0, size = edge.size; taken < entries.length; ) {
    const index = Math.floor(size / tileWidth);
    const width = Math.min(tileWidth, (size % tileWidth) + entries.length - taken);
    const added = width - (size % tileWidth);
    rest = Buffer.concat([rest, encodeEntries(entries.slice(taken, taken + added))]);
    files.push({ path: bundlePath(index, width), bytes: rest });
    taken += added;
    size += added;
    if (width === tileWidth) {
      completed.push(bundlePath(index));
      rest = new Uint8Array(0);
    }
  }
  return { files, rest };
}
