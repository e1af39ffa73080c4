import { bucketOf, hashBytes, type MapEntry } from '@tillid/transparency';
import { noLines, ownLogMapKey, type LogOwner, type OwnLogHead } from './own-logs.js';

/** Key of the map, number, chain: as `ownLogMapKey` and `ownLogMapValue` have them. */
const numberBytes = 8;
const recordBytes = hashBytes + numberBytes + hashBytes;
const recordsInChunk = 4096;
const low = 2 ** 32;

/** Heads of everyone's own logs, side by side: six million are half a gigabyte this way, and a Buffer for each would be ten times that. */
export class KeptHeads {
  readonly #places = new Map<LogOwner, number>();
  readonly #chunks: Buffer[] = [];
  readonly #buckets = new Map<number, number[]>();

  /** The chain is good until the head is set again. */
  of(owner: LogOwner): OwnLogHead {
    const place = this.#places.get(owner);
    if (place === undefined) return noLines;
    const record = this.#record(place);
    return { number: record.readUInt32BE(hashBytes) * low + record.readUInt32BE(hashBytes + 4), chain: record.subarray(hashBytes + numberBytes) };
  }

  /** Answers the bucket of the map that it stands in. */
  set(owner: LogOwner, { number, chain }: OwnLogHead): number {
    const record = this.#record(this.#places.get(owner) ?? this.#begin(owner));
    record.writeUInt32BE(Math.floor(number / low), hashBytes);
    record.writeUInt32BE(number % low, hashBytes + 4);
    record.set(chain, hashBytes + numberBytes);
    return bucketOf(record);
  }

  entriesOf(bucket: number): readonly MapEntry[] {
    return (this.#buckets.get(bucket) ?? []).map((place) => {
      const record = this.#record(place);
      return { key: record.subarray(0, hashBytes), value: record.subarray(hashBytes) };
    });
  }

  #begin(owner: LogOwner): number {
    const place = this.#places.size;
    if (place % recordsInChunk === 0) this.#chunks.push(Buffer.alloc(recordsInChunk * recordBytes));
    this.#places.set(owner, place);
    const key = ownLogMapKey(owner);
    this.#record(place).set(key);
    const inBucket = this.#buckets.get(bucketOf(key));
    if (inBucket) inBucket.push(place);
    else this.#buckets.set(bucketOf(key), [place]);
    return place;
  }

  #record(place: number): Buffer {
    const at = (place % recordsInChunk) * recordBytes;
    return this.#chunks[Math.floor(place / recordsInChunk)]!.subarray(at, at + recordBytes);
  }
}
