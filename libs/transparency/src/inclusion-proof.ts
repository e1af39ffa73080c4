import { nodeHash, requireHashes, type Hash } from './hash.js';
import { requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';
import { rootOf, splitOf, type SubtreeRoots } from './tree.js';

/** PATH(index, D[size]): leaf's sibling first, root's child last. */
export async function proveInclusion(index: number, size: number, roots: SubtreeRoots): Promise<Hash[]> {
  requireSize(size);
  requireSize(index);
  if (index >= size) throw refuse('tree.range_outside');
  const path: Hash[] = [];
  for (let first = 0, end = size; end - first > 1; ) {
    const middle = first + splitOf(end - first);
    if (index < middle) {
      path.push(await rootOf(middle, end, roots));
      end = middle;
    } else {
      path.push(await rootOf(first, middle, roots));
      first = middle;
    }
  }
  return path.reverse();
}

/** RFC 9162, 2.1.3.2. Throws Refused unless the leaf stands at the index of a tree with this size and root. */
export function checkInclusion(leaf: Uint8Array, index: number, size: number, root: Uint8Array, path: readonly Uint8Array[]): void {
  requireSize(size);
  requireSize(index);
  requireHashes([leaf, ...path]);
  if (index >= size) throw refuse('proof.not_included');
  let place = index;
  let last = size - 1;
  let hash: Uint8Array = leaf;
  for (const sibling of path) {
    if (last === 0) throw refuse('proof.not_included');
    if (place % 2 === 1 || place === last) {
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
  if (last !== 0 || !Buffer.from(root).equals(hash)) throw refuse('proof.not_included');
}
