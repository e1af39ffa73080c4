/** What verifyLog can find wrong. Stable: tools and tests name them. */
export type FindingCode =
  | 'checkpoint.missing'
  /** Not a checkpoint, or not signed by the log's key. `detail` holds the reason code of the parser. */
  | 'checkpoint.refused'
  /** How a key of the log is said to have named the next does not prove it. `detail` as above. */
  | 'key.refused'
  /** The tree has the announcement of a key that did not sign it. */
  | 'key.not_in_force'
  /** The log has fewer leaves than a checkpoint seen before. */
  | 'checkpoint.shrunk'
  /** The log does not continue the tree of a checkpoint seen before. */
  | 'checkpoint.forked'
  /** The tiles at the right edge do not hash to the signed root. */
  | 'root.mismatch'
  | 'tile.missing'
  | 'tile.wrong_length'
  /** The tile does not hash to what stands above it, or is not made of what stands below it. */
  | 'tile.mismatch'
  | 'bundle.missing'
  /** Truncated, oversize, too few or too many entries. */
  | 'bundle.malformed'
  /** An entry that does not hash to its leaf: changed, removed, swapped or repeated. */
  | 'entry.mismatch'
  /** Folder mode: an older, partial file that is not the beginning of the one in use. */
  | 'stale.mismatch'
  /** Folder mode: a file that has no place in a log. */
  | 'file.unexpected'
  /** The reader failed: nothing is said about this file. */
  | 'file.unreadable';

export interface Finding {
  readonly code: FindingCode;
  /** Path inside the log, as `tile/0/x001/234`. */
  readonly path: string;
  /** The first leaf concerned, where that can be said. */
  readonly leafIndex?: number;
  readonly detail: string;
}

export interface LogVerdict {
  /** True when nothing was found wrong in all that was looked at. */
  readonly holds: boolean;
  /** At most `maxFindings`. `findingCount` counts on, until looking further was given up. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  /** Undefined when the checkpoint itself was refused: then nothing else was looked at. */
  readonly head?: TreeHead;
  /** The checkpoint as read, to be kept as the state of the next run. */
  readonly checkpoint?: string;
  /** False: bundles were not looked at. */
  readonly entriesChecked: boolean;
  readonly tilesChecked: number;
  readonly bundlesChecked: number;
}

export interface TreeHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}
