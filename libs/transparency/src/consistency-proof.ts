import { emptyRoot, nodeHash, requireHashes, type Hash } from './hash.js';
import { requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';
import { rootOf, splitOf, type SubtreeRoots } from './tree.js';

/** PROOF(oldSize, D[size]): that the first `oldSize` leaves are unchanged. Empty for an old tree of 0 or of the same size. */
export async function proveConsistency(oldSize: number, size: number, roots: SubtreeRoots): Promise<Hash[]> {
  requireSize(oldSize);
  requireSize(size);
  if (oldSize > size) throw refuse('tree.range_outside');
  if (oldSize === 0) return [];
  const proof: Hash[] = [];
  let first = 0;
  let end = size;
  while (oldSize < end) {
    const middle = first + splitOf(end - first);
    if (oldSize <= middle) {
      proof.push(await rootOf(middle, end, roots));
      end = middle;
    } else {
      proof.push(await rootOf(first, middle, roots));
      first = middle;
    }
  }
  // The old tree's own root is known to whoever asks; a right part of it is not.
  if (first > 0) proof.push(await rootOf(first, end, roots));
  return proof.reverse();
}

/** RFC 9162, 2.1.4.2. Throws Refused unless the tree of `size` continues the tree of `oldSize`. */
export function checkConsistency(oldSize: number, oldRoot: Uint8Array, size: number, root: Uint8Array, proof: readonly Uint8Array[]): void {
  requireSize(oldSize);
  requireSize(size);
  requireHashes([oldRoot, ...proof]);
  if (oldSize > size) throw refuse('proof.not_consistent');
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? emptyRoot : root;
    if (proof.length > 0 || !Buffer.from(oldRoot).equals(expected)) throw refuse('proof.not_consistent');
    return;
  }
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  const [start, ...rest] = path;
  if (start === undefined) throw refuse('proof.not_consistent');
  let place = oldSize - 1;
  let last = size - 1;
  while (place % 2 === 1) {
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  let oldHash: Uint8Array = start;
  let hash: Uint8Array = start;
  for (const sibling of rest) {
    if (last === 0) throw refuse('proof.not_consistent');
    if (place % 2 === 1 || place === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while (place % 2 === 0 && place !== 0) {
        place /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0 || !Buffer.from(oldRoot).equals(oldHash) || !Buffer.from(root).equals(hash)) throw refuse('proof.not_consistent');
}

function isPowerOfTwo(size: number): boolean {
  let power = 1;
  while (power < size) power *= 2;
  return power === size;
}
