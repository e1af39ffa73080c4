import { parseDecimal, requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';

// The only file that knows where things lie in a log (C2SP tlog-tiles).

/** Hashes in a full tile, entries in a full bundle. */
export const tileWidth = 256;
export const checkpointPath = 'checkpoint';

/** Tile `index` at `level`: hash i is the root of leaves [(index * 256 + i) * 256^level, ... + 256^level). */
export interface TilePlace {
  readonly kind: 'tile';
  readonly level: number;
  readonly index: number;
  /** 1 to 256; less than 256 is a partial tile. */
  readonly width: number;
}
export interface BundlePlace {
  readonly kind: 'bundle';
  readonly index: number;
  readonly width: number;
}
/** How a key of the log named the next: a tlog-proof, with the entry beside it. Of this log alone, not of tlog-tiles. */
export interface KeyPlace {
  readonly kind: 'key';
  readonly keyId: number;
}
export interface CheckpointPlace {
  readonly kind: 'checkpoint';
}

export function tilePath(level: number, index: number, width: number = tileWidth): string {
  return `tile/${level}/${numberPath(index)}${widthPath(width)}`;
}

export function bundlePath(index: number, width: number = tileWidth): string {
  return `tile/entries/${numberPath(index)}${widthPath(width)}`;
}

/** By the id of the key that was replaced. */
export function keyChangePath(keyId: number): string {
  return `key/${keyId.toString(16).padStart(8, '0')}`;
}

/** The folder of a tile's partial versions, gone for good once the full one is there. */
export function partialsFolder(fullPath: string): string {
  return `${fullPath}.p`;
}

/** What a path names, or undefined for any text that is not exactly how this file would write it. */
export function parseLogPath(path: string): TilePlace | BundlePlace | KeyPlace | CheckpointPlace | undefined {
  if (path === checkpointPath) return { kind: 'checkpoint' };
  if (/^key\/[0-9a-f]{8}$/.test(path)) return { kind: 'key', keyId: Number.parseInt(path.slice(4), 16) };
  if (path.length > 64) return undefined;
  const [, level, number, partial] = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? [];
  if (level === undefined || number === undefined) return undefined;
  const width = partial === undefined ? tileWidth : parseDecimal(partial);
  const index = parseDecimal(number.replaceAll(/[x/]/g, '').replace(/^0+(?=.)/, ''));
  if (width === undefined || index === undefined || width < 1 || (partial !== undefined && width >= tileWidth)) return undefined;
  if (numberPath(index) !== number) return undefined;
  if (level === 'entries') return { kind: 'bundle', index, width };
  const parsedLevel = parseDecimal(level);
  return parsedLevel === undefined || parsedLevel > 63 ? undefined : { kind: 'tile', level: parsedLevel, index, width };
}

/** The levels a tree of this size has tiles at: the highest is where one tile holds all. Empty for an empty tree. */
export function levelsOf(size: number): LevelExtent[] {
  requireSize(size);
  const levels: LevelExtent[] = [];
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / tileWidth)) {
    levels.push({ level, fullTiles: Math.floor(hashes / tileWidth), edgeWidth: hashes % tileWidth });
  }
  return levels;
}

export interface LevelExtent {
  readonly level: number;
  readonly fullTiles: number;
  /** Width of the partial tile after the full ones; 0 when there is none. */
  readonly edgeWidth: number;
}

/** Leaves under one hash at a level. */
export function leavesPerHash(level: number): number {
  return tileWidth ** level;
}

/** 1234067 is x001/x234/067: three digits an element, all but the last behind an x. */
function numberPath(index: number): string {
  requireSize(index);
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return path;
}

function widthPath(width: number): string {
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) throw refuse('path.malformed');
  return width === tileWidth ? '' : `.p/${width}`;
}
