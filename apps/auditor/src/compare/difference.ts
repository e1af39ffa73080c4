import type { DifferenceCode } from './difference-code.js';
import type { Judgement, WeighedHead } from './who-changed.js';

/** The first of its source, and who must have changed it. */
export interface Difference extends Judgement {
  readonly code: DifferenceCode;
  readonly source: string;
  readonly position: number;
  readonly message: string;
  /** Leaf hashes of what each has there; undefined: nothing, or it was not asked. */
  readonly inTree: Uint8Array | undefined;
  readonly inSource: Uint8Array | undefined;
  /** What proves it: each can be checked with the source's key alone. */
  readonly heads: readonly WeighedHead[];
}
