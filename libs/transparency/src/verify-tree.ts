import { Refused } from '@tillid/kernel';
import type { Checkpoint } from './checkpoint.js';
import { parseBundle } from './entry-bundle.js';
import type { Finding } from './findings.js';
import { FindingList } from './finding-list.js';
import { hashBytes, leafHashInto, perfectRoot, type Hash } from './hash.js';
import { bundlePath, checkpointPath, leavesPerHash, levelsOf, tilePath, tileWidth, type LevelExtent } from './layout.js';
import type { LogFiles, OnEntry } from './log-files.js';
import { edgeRoot } from './right-edge.js';
import { readBundle, readTile } from './tile-reader.js';
import { PrefixRoot } from './prefix-root.js';

interface TreeOptions {
  readonly entries: boolean;
  readonly findings: FindingList;
  /** Trees that this one must continue, and where each is from. */
  readonly earlier?: readonly { readonly checkpoint: Checkpoint; readonly path: string }[] | undefined;
  readonly onEntry?: OnEntry | undefined;
  readonly onProgress?: ((leavesChecked: number, size: number) => void) | undefined;
}

/** Bundles and leaf tiles asked for before they are needed: over a network the wait is what costs. */
const readAhead = 8;

/**
 * Depth first from the signed root: a tile is proven by the hash above it before its children are looked at, so that
 * a bad file is named and nothing right is blamed. Where a tile and what lies under it disagree, the one that hashes
 * to what stands above is right. Memory: one tile a level. The walk ends once more is wrong than findings are kept: a
 * signed size says nothing about how many files there are, and 2^53 missing ones would be looked for to no end.
 */
export async function verifyTree(files: LogFiles, checkpoint: Checkpoint, options: TreeOptions): Promise<{ tilesChecked: number; bundlesChecked: number }> {
  const walk = new TreeWalk(files, checkpoint.size, options);
  const levels = levelsOf(checkpoint.size);
  const edge: (Uint8Array | undefined)[] = [];
  for (const { level, fullTiles, edgeWidth } of levels) edge.push(edgeWidth === 0 ? new Uint8Array(0) : await walk.tile(level, fullTiles, edgeWidth));
  const rootOfEdge = (hashes: readonly (Uint8Array | undefined)[]) => edgeRoot({ size: checkpoint.size, levels: hashes.map((row) => row ?? new Uint8Array(0)) });
  const proven = rootOfEdge(edge).equals(checkpoint.root);
  // Left to right: the highest level covers the first leaves.
  const rebuilt: Uint8Array[] = levels.map(() => new Uint8Array(0));
  const suspicions = new FindingList(options.findings.max);
  for (const { level, fullTiles, edgeWidth } of levels.toReversed()) {
    if (edgeWidth === 0) continue;
    const row = await walk.row({ level, index: fullTiles, width: edgeWidth, stored: edge[level], proven });
    rebuilt[level] = row.hashes;
    suspicions.addAll(row.suspicions);
  }
  if (suspicions.count > 0 || !proven) settleEdge(levels, edge, rebuilt, rootOfEdge(rebuilt).equals(checkpoint.root), suspicions, options.findings);
  if (!proven && !rootOfEdge(rebuilt).equals(checkpoint.root)) {
    options.findings.add({ code: 'root.mismatch', path: checkpointPath, detail: 'the tiles do not hash to the signed root' });
  }
  walk.compareEarlier();
  return { tilesChecked: walk.tilesChecked, bundlesChecked: walk.bundlesChecked };
}

function settleEdge(levels: readonly LevelExtent[], edge: readonly (Uint8Array | undefined)[], rebuilt: readonly Uint8Array[], rebuiltIsSigned: boolean, suspicions: FindingList, findings: FindingList): void {
  if (!rebuiltIsSigned) return findings.addAll(suspicions);
  for (const { level, fullTiles, edgeWidth } of levels) {
    const stored = edge[level];
    if (edgeWidth > 0 && stored !== undefined && Buffer.compare(stored, rebuilt[level] ?? stored) !== 0) {
      findings.add({ code: 'tile.mismatch', path: tilePath(level, fullTiles, edgeWidth), detail: 'is not made of what lies under it' });
    }
  }
}

interface RowRequest {
  readonly level: number;
  readonly index: number;
  readonly width: number;
  readonly stored: Uint8Array | undefined;
  /** `stored` hashes to what is signed. */
  readonly proven: boolean;
}

interface Row {
  /** The row as what lies under it has it; where that cannot be read, as stored. */
  readonly hashes: Uint8Array;
  /** Held back until it is known whether this row or what lies under it is wrong. */
  readonly suspicions: FindingList;
}

class TreeWalk {
  tilesChecked = 0;
  bundlesChecked = 0;
  /** All that was noted, suspicions that came to nothing included. */
  private noted = 0;
  private readonly earlier: readonly { readonly checkpoint: Checkpoint; readonly path: string; readonly prefix: PrefixRoot }[];
  private readonly ahead = new Map<string, Promise<Uint8Array | Refused>>();

  constructor(private readonly files: LogFiles, private readonly size: number, private readonly options: TreeOptions) {
    this.earlier = (options.earlier ?? []).filter(({ checkpoint }) => checkpoint.size <= size).map((each) => ({ ...each, prefix: new PrefixRoot(each.checkpoint.size) }));
  }

  /** Hashes of a tile, from its children where it has any, each checked against what is stored. */
  async row(request: RowRequest): Promise<Row> {
    const { level, index, width, stored, proven } = request;
    if (level === 0) return this.leaves(request);
    const hashes = Buffer.alloc(width * hashBytes);
    const suspicions = this.suspicions();
    for (let child = 0; child < width && this.noted <= this.options.findings.max; child += 1) {
      if (level === 1) this.prefetch(index * tileWidth + child, Math.min(readAhead, width - child));
      const expected = stored?.subarray(child * hashBytes, (child + 1) * hashBytes);
      const answer = await this.subtree(level - 1, index * tileWidth + child, expected, proven);
      answer.hash.copy(hashes, child * hashBytes);
      suspicions.addAll(answer.suspicions);
    }
    return { hashes, suspicions };
  }

  /** A full tile under a hash that is expected of it. */
  private async subtree(level: number, index: number, expected: Uint8Array | undefined, parentProven: boolean): Promise<{ hash: Hash; suspicions: FindingList }> {
    const stored = await this.tile(level, index, tileWidth);
    const storedRoot = stored === undefined ? undefined : perfectRoot(stored, 0, tileWidth);
    const storedFits = storedRoot !== undefined && expected !== undefined && storedRoot.equals(expected);
    const row = await this.row({ level, index, width: tileWidth, stored, proven: parentProven && storedFits });
    if (storedFits && row.suspicions.count === 0) return { hash: storedRoot, suspicions: row.suspicions };
    const rowRoot = perfectRoot(row.hashes, 0, tileWidth);
    const path = tilePath(level, index);
    if (expected !== undefined && rowRoot.equals(expected)) {
      // What lies under it fits what stands above it: this tile alone is wrong, and its complaints about others with it.
      if (stored !== undefined) this.note({ code: 'tile.mismatch', path, detail: 'is not made of what lies under it' });
      return { hash: rowRoot, suspicions: this.suspicions() };
    }
    if (storedFits) {
      this.options.findings.addAll(row.suspicions);
      return { hash: storedRoot, suspicions: this.suspicions() };
    }
    const suspicions = this.suspicions();
    if (stored !== undefined) this.note({ code: 'tile.mismatch', path, leafIndex: index * tileWidth * leavesPerHash(level), detail: 'does not hash to what stands above it' }, suspicions);
    suspicions.addAll(row.suspicions);
    return { hash: rowRoot, suspicions };
  }

  private async leaves({ index, width, stored, proven }: RowRequest): Promise<Row> {
    const fromEntries = this.options.entries ? await this.entryHashes(index, width, stored, proven) : undefined;
    const hashes = fromEntries?.hashes ?? stored ?? Buffer.alloc(width * hashBytes);
    for (const { prefix } of this.earlier) prefix.add(stored ?? hashes);
    this.options.onProgress?.(index * tileWidth + width, this.size);
    return { hashes, suspicions: fromEntries?.suspicions ?? this.suspicions() };
  }

  private async entryHashes(index: number, width: number, stored: Uint8Array | undefined, proven: boolean): Promise<Row | undefined> {
    const path = bundlePath(index, width);
    const bundle = await this.take(path, () => readBundle(this.files, index, width));
    this.bundlesChecked += 1;
    if (bundle instanceof Refused) {
      this.note({ code: bundle.code === 'tile.missing' ? 'bundle.missing' : 'bundle.malformed', path, leafIndex: index * tileWidth, detail: bundle.code });
      return undefined;
    }
    let entries: Uint8Array[];
    try {
      entries = parseBundle(bundle, width);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.note({ code: 'bundle.malformed', path, leafIndex: index * tileWidth, detail: error.code });
      return undefined;
    }
    const hashes = Buffer.allocUnsafe(width * hashBytes);
    entries.forEach((entry, place) => leafHashInto(hashes, place * hashBytes, entry));
    const suspicions = this.suspicions();
    const same = stored !== undefined && hashes.equals(stored);
    for (let place = 0; place < width; place += 1) {
      const at = place * hashBytes;
      if (!same && (stored === undefined || hashes.compare(stored, at, at + hashBytes, at, at + hashBytes) !== 0)) {
        if (stored !== undefined) this.note({ code: 'entry.mismatch', path, leafIndex: index * tileWidth + place, detail: 'does not hash to its leaf' }, suspicions);
        continue;
      }
      if (proven && this.options.onEntry !== undefined) {
        const pending = this.options.onEntry(entries[place] as Uint8Array, index * tileWidth + place);
        if (pending !== undefined) await pending;
      }
    }
    return { hashes, suspicions };
  }

  /** A tile as it is stored; undefined, and found, when there is none of the right length. */
  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    const path = tilePath(level, index, width);
    const tile = await this.take(path, () => readTile(this.files, level, index, width));
    this.tilesChecked += 1;
    if (!(tile instanceof Refused)) return tile;
    this.note({ code: tile.code === 'tile.missing' ? 'tile.missing' : 'tile.wrong_length', path, leafIndex: index * tileWidth * leavesPerHash(level), detail: tile.code });
    return undefined;
  }

  compareEarlier(): void {
    for (const { checkpoint: { size, root }, path, prefix } of this.earlier) {
      if (!prefix.complete || prefix.root().equals(root)) continue;
      this.options.findings.add({ code: 'checkpoint.forked', path, detail: `the first ${size} leaves are not those of the checkpoint seen before` });
    }
  }

  private suspicions(): FindingList {
    return new FindingList(this.options.findings.max);
  }

  private note(finding: Finding, list = this.options.findings): void {
    this.noted += 1;
    list.add(finding);
  }

  private prefetch(firstTile: number, count: number): void {
    for (let index = firstTile; index < firstTile + count; index += 1) {
      void this.begin(tilePath(0, index), () => readTile(this.files, 0, index, tileWidth));
      if (this.options.entries) void this.begin(bundlePath(index), () => readBundle(this.files, index, tileWidth));
    }
  }

  private begin(path: string, read: () => Promise<Uint8Array>): Promise<Uint8Array | Refused> {
    const started = this.ahead.get(path);
    if (started !== undefined) return started;
    const reading = read().catch((error: unknown) => {
      if (error instanceof Refused) return error;
      throw error;
    });
    reading.catch(() => undefined); // thrown to whoever takes it; one that nobody takes any more is no fault of its own
    this.ahead.set(path, reading);
    return reading;
  }

  private async take(path: string, read: () => Promise<Uint8Array>): Promise<Uint8Array | Refused> {
    const reading = this.begin(path, read);
    this.ahead.delete(path);
    return reading;
  }
}
