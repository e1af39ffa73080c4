import { hashBytes, type Hash } from './hash.js';
import { emptyMapRoot, joinSubtrees, proveInMap, type MapEntry, type MapProof, type MapSubtree } from './map.js';

const bucketBits = 16;
export const mapBuckets = 2 ** bucketBits;

/** Of the keys that share their first 16 bits. */
export function bucketOf(key: Uint8Array): number {
  return (key[0]! << 8) | key[1]!;
}

export type BucketEntries = (bucket: number) => Promise<readonly MapEntry[]> | readonly MapEntry[];

/**
 * The upper 16 levels of a map whose entries lie elsewhere: 4.7 MB, however many there are. With six million entries a
 * bucket has some 90, so a change costs reading those, and a hundred hashes.
 */
export class MapTop {
  /** Node n has the children 2n and 2n + 1; the root is 1, the buckets begin at 65,536. */
  readonly #counts = new Uint32Array(2 * mapBuckets);
  readonly #roots = Buffer.alloc(2 * mapBuckets * hashBytes);

  get root(): Hash {
    return Buffer.from(this.#at(1).root);
  }

  get count(): number {
    return this.#at(1).count;
  }

  /** `mapSubtree(entries of the bucket, 16)` for each bucket that changed. */
  set(buckets: ReadonlyMap<number, MapSubtree>): void {
    let changed = new Set<number>();
    for (const [bucket, subtree] of buckets) {
      this.#put(mapBuckets + bucket, subtree);
      changed.add((mapBuckets + bucket) >> 1);
    }
    while (changed.size > 0) {
      const parents = new Set<number>();
      for (const node of changed) {
        this.#put(node, joinSubtrees(this.#at(2 * node), this.#at(2 * node + 1)));
        if (node > 1) parents.add(node >> 1);
      }
      changed = parents;
    }
  }

  async prove(key: Uint8Array, entriesOf: BucketEntries): Promise<MapProof> {
    const siblings: Hash[] = [];
    let node = 1;
    for (const bits = mapBuckets + bucketOf(key); node < mapBuckets && this.#counts[node]! > 1; ) {
      const depth = 31 - Math.clz32(node);
      const mine = bits >> (bucketBits - depth - 1);
      siblings.push(Buffer.from(this.#at(mine ^ 1).root));
      node = mine;
    }
    // Where the place is above the buckets, the one entry there may lie in another bucket than the key's.
    const bucket = this.#bucketBelow(node);
    const below = bucket === undefined ? { siblings: [] } : proveInMap(await entriesOf(bucket), key, bucketBits);
    return { ...below, siblings: [...siblings, ...below.siblings] };
  }

  #bucketBelow(node: number): number | undefined {
    let at = node;
    while (at < mapBuckets) {
      if (this.#counts[at] === 0) return undefined;
      at = this.#counts[2 * at]! > 0 ? 2 * at : 2 * at + 1;
    }
    return at - mapBuckets;
  }

  #at(node: number): MapSubtree {
    const count = this.#counts[node]!;
    return { count, root: count === 0 ? emptyMapRoot : this.#roots.subarray(node * hashBytes, (node + 1) * hashBytes) };
  }

  #put(node: number, { count, root }: MapSubtree): void {
    this.#counts[node] = count;
    this.#roots.set(root, node * hashBytes);
  }
}
