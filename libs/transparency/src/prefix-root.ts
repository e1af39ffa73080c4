import { hashBytes, perfectRoot, type Hash } from './hash.js';
import { tileWidth } from './layout.js';
import { edgeRoot } from './right-edge.js';

/** Root of the first `size` leaves of a tree whose leaf tiles stream by, in order: one row of hashes a level is kept. */
export class PrefixRoot {
  private readonly levels: Buffer[] = [];
  private taken = 0;

  constructor(private readonly size: number) {}

  add(tile: Uint8Array): void {
    const count = Math.min(tile.length / hashBytes, this.size - this.taken);
    if (count <= 0) return;
    this.taken += count;
    this.push(0, tile.subarray(0, count * hashBytes));
  }

  get complete(): boolean {
    return this.taken === this.size;
  }

  root(): Hash {
    return edgeRoot({ size: this.size, levels: this.levels });
  }

  private push(level: number, hashes: Uint8Array): void {
    const row = Buffer.concat([this.levels[level] ?? new Uint8Array(0), hashes]);
    if (row.length < tileWidth * hashBytes) {
      this.levels[level] = row;
      return;
    }
    this.levels[level] = Buffer.alloc(0);
    this.push(level + 1, perfectRoot(row, 0, tileWidth));
  }
}
