export interface BatchLimits {
  readonly bytes: number;
  /** Default: as many as like. */
  readonly items?: number;
}

/** In order, within the limits; one that is larger by itself is a batch of its own. */
export function* inBatches<Item>(items: Iterable<Item>, bytesOf: (item: Item) => number, limits: BatchLimits): Generator<Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (batch.length === limits.items || (batch.length > 0 && bytes + size > limits.bytes)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
