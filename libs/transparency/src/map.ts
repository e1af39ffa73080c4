import { hashBytes, leafHash, nodeHash, requireHashes, type Hash } from './hash.js';
import { refuse } from './transparency.refusals.js';

/*
 * A verifiable map: one value for each key, and one place for each key, so that a root says what a key's value is, or
 * that there is none. A binary tree by the bits of the key, in which a subtree of one entry is that entry's leaf:
 *
 *   no entry   32 zero bytes
 *   one entry  SHA-256(0x00 || key || value)
 *   more       SHA-256(0x01 || those whose next bit is 0 || those whose next bit is 1)
 */

export interface MapEntry {
  /** 32 bytes, evenly spread: a hash. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What a parent needs to know of a subtree. */
export interface MapSubtree {
  readonly count: number;
  readonly root: Hash;
}

export interface MapProof {
  /** From the root down to where the key's place is. */
  readonly siblings: readonly Hash[];
  /** The one entry that stands there, when it is another's: the key has no value. */
  readonly other?: MapEntry;
}

export const emptyMapRoot: Hash = Buffer.alloc(hashBytes);
export const emptySubtree: MapSubtree = { count: 0, root: emptyMapRoot };
const keyBits = 8 * hashBytes;

export function joinSubtrees(left: MapSubtree, right: MapSubtree): MapSubtree {
  if (left.count === 0) return right.count > 1 ? { count: right.count, root: nodeHash(emptyMapRoot, right.root) } : right;
  if (right.count === 0) return left.count > 1 ? { count: left.count, root: nodeHash(left.root, emptyMapRoot) } : left;
  return { count: left.count + right.count, root: nodeHash(left.root, right.root) };
}

/** The subtree of entries whose keys share their first `depth` bits; in any order, each key once. */
export function mapSubtree(entries: readonly MapEntry[], depth = 0): MapSubtree {
  const [first, second] = entries;
  if (first === undefined) return emptySubtree;
  if (second === undefined) return { count: 1, root: mapLeaf(first) };
  const [left, right] = split(entries, depth);
  return joinSubtrees(mapSubtree(left, depth + 1), mapSubtree(right, depth + 1));
}

/** The proof of a key below `depth`, among the entries that share its first `depth` bits. */
export function proveInMap(entries: readonly MapEntry[], key: Uint8Array, depth = 0): MapProof {
  const siblings: Hash[] = [];
  let here = entries;
  for (let at = depth; here.length > 1; at += 1) {
    const [left, right] = split(here, at);
    const [mine, sibling] = bitOf(key, at) === 0 ? [left, right] : [right, left];
    siblings.push(mapSubtree(sibling, at + 1).root);
    here = mine;
  }
  const [found] = here;
  return { siblings, ...(found !== undefined && !sameKey(found.key, key) && { other: found }) };
}

/** Throws Refused unless the map of this root has the value under the key; without a value, unless it has none. */
export function checkMapProof(root: Uint8Array, key: Uint8Array, value: Uint8Array | undefined, { siblings, other }: MapProof): void {
  requireHashes([root, key, ...siblings]);
  if (siblings.length > keyBits || (value !== undefined && other !== undefined)) throw refuse('proof.malformed');
  if (other !== undefined) requireOther(other, key, siblings.length);
  let hash = value !== undefined ? mapLeaf({ key, value }) : other !== undefined ? mapLeaf(other) : emptyMapRoot;
  for (let depth = siblings.length - 1; depth >= 0; depth -= 1) {
    const sibling = siblings[depth]!;
    hash = bitOf(key, depth) === 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
  }
  if (!hash.equals(root)) throw refuse('proof.not_included');
}

/** What stands in the key's place shares its bits down to there, and is not the key. */
function requireOther(other: MapEntry, key: Uint8Array, depth: number): void {
  requireHashes([other.key]);
  if (sameKey(other.key, key)) throw refuse('proof.malformed');
  for (let bit = 0; bit < depth; bit += 1) if (bitOf(other.key, bit) !== bitOf(key, bit)) throw refuse('proof.malformed');
}

function mapLeaf({ key, value }: MapEntry): Hash {
  return leafHash(Buffer.concat([key, value]));
}

function split(entries: readonly MapEntry[], depth: number): readonly [MapEntry[], MapEntry[]] {
  if (depth >= keyBits) throw new RangeError('a key stands twice');
  const sides: readonly [MapEntry[], MapEntry[]] = [[], []];
  for (const entry of entries) sides[bitOf(entry.key, depth)].push(entry);
  return sides;
}

function bitOf(key: Uint8Array, bit: number): 0 | 1 {
  return ((key[bit >> 3]! >> (7 - (bit & 7))) & 1) as 0 | 1;
}

function sameKey(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.length).equals(other);
}
