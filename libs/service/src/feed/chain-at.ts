import { setImmediate } from 'node:timers/promises';
import { emptyChain, nextChain, type EventStore } from '@tillid/eventsourcing';

const pageSize = 1000;
const maxAnchors = 1000;

/**
 * The chain after any position of a log. A store that keeps it answers at once; else it is computed from the nearest
 * place known, a page at a time so that the loop is not held, and remembered.
 */
export class ChainAt {
  private readonly anchors = new Map<number, Uint8Array>([[0, emptyChain]]);

  constructor(private readonly store: EventStore) {}

  async chainAt(position: number): Promise<Uint8Array> {
    const kept = await this.store.chainAt?.(position);
    if (kept) return kept;
    let from = 0;
    for (const anchor of this.anchors.keys()) if (anchor <= position && anchor > from) from = anchor;
    let chain = this.anchors.get(from)!;
    while (from < position) {
      const page = await this.store.readAll(from, Math.min(pageSize, position - from));
      if (page.length === 0) throw new Error('the log is shorter than it was');
      for (const { bytes } of page) chain = nextChain(chain, bytes);
      from += page.length;
      this.remember(from, chain);
      await setImmediate();
    }
    return chain;
  }

  remember(position: number, chain: Uint8Array): void {
    if (this.anchors.size >= maxAnchors && !this.anchors.has(position)) {
      // Every other one goes; the start stays.
      [...this.anchors.keys()].forEach((anchor, index) => index % 2 === 1 && this.anchors.delete(anchor));
    }
    this.anchors.set(position, chain);
  }
}
