import { emptyRoot, nodeHash, type Hash } from './hash.js';
import { requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';

/** Leaves first ... first + count - 1 of a perfect subtree; count is a power of two and divides first. */
export interface PerfectSubtree {
  readonly first: number;
  readonly count: number;
}

/** Whoever holds the tree answers for its perfect subtrees; proofs need nothing else. */
export type SubtreeRoots = (subtree: PerfectSubtree) => Promise<Hash> | Hash;

/** The largest power of two strictly less than `size`: where RFC 6962 splits a tree of more than one leaf. */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/**
 * Leaves [first, end) as perfect subtrees, left to right. `first` must be a multiple of the power of two at or above
 * the length, as every subtree in a Merkle tree is.
 */
export function perfectSubtrees(first: number, end: number): PerfectSubtree[] {
  const subtrees: PerfectSubtree[] = [];
  for (let at = first, left = end - first; left > 0; ) {
    let count = 1;
    while (count * 2 <= left) count *= 2;
    subtrees.push({ first: at, count });
    at += count;
    left -= count;
  }
  return subtrees;
}

/** Root over hashes of perfect subtrees of falling size: the smallest two join first. */
export function joinRight(roots: readonly Hash[]): Hash {
  return roots.length === 0 ? emptyRoot : roots.reduceRight((right, left) => nodeHash(left, right));
}

/** MTH(D[first:end]). */
export async function rootOf(first: number, end: number, roots: SubtreeRoots): Promise<Hash> {
  requireSize(first);
  requireSize(end);
  if (first > end) throw refuse('tree.range_outside');
  const joined: Hash[] = [];
  for (const subtree of perfectSubtrees(first, end)) joined.push(await roots(subtree));
  return joinRight(joined);
}
