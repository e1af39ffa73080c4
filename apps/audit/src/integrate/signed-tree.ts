import { emptyChain } from '@tillid/eventsourcing';
import { emptyRoot } from '@tillid/transparency';
import type { TreeHead } from './tree-head.js';

const nothingYet: TreeHead = { size: 0, root: emptyRoot, chain: emptyChain, checkpoint: '', signedAtMs: 0 };

/** The last signed tree head as this process knows it: what the slices read and wait for, whoever signs. */
export class SignedTree {
  #head = nothingYet;
  #stopped = '';
  readonly #waiting = new Set<{ readonly size: number; readonly resolve: () => void }>();

  get head(): TreeHead {
    return this.#head;
  }

  /** Why nothing is signed any more; empty while all is well. */
  get stopped(): string {
    return this.#stopped;
  }

  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** The tree never shrinks; who says so late is not heard. */
  signed(head: TreeHead): void {
    this.#stopped = '';
    if (head.size < this.#head.size) return;
    this.#head = head;
    for (const { size, resolve } of this.#waiting) if (head.size >= size) resolve();
  }

  stop(reason: string): void {
    this.#stopped = reason;
  }

  /** True as soon as a signed tree has this size; false when the signal aborts first. */
  async waitForSize(size: number, signal: AbortSignal): Promise<boolean> {
    if (this.#head.size >= size) return true;
    if (signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { size, resolve };
    this.#waiting.add(waiter);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(waiter);
    return this.#head.size >= size;
  }
}
