import { emptyChain } from '@tillid/eventsourcing';
import { emptyRoot } from '@tillid/transparency';
import { SizeWaiters } from './size-waiters.js';
import type { TreeHead } from './tree-head.js';

const nothingYet: TreeHead = { size: 0, root: emptyRoot, chain: emptyChain, checkpoint: '', signedAtMs: 0 };

/** The last signed tree head as this process knows it: what the slices read and wait for, whoever signs. */
export class SignedTree {
  #head = nothingYet;
  #stopped = '';
  readonly #waiting = new SizeWaiters();

  get head(): TreeHead {
    return this.#head;
  }

  /** Why nothing is signed any more; empty while all is well. */
  get stopped(): string {
    return this.#stopped;
  }

  get isAwaited(): boolean {
    return this.#waiting.any;
  }

  /** The tree never shrinks; who says so late is not heard. */
  signed(head: TreeHead): void {
    this.#stopped = '';
    if (head.size < this.#head.size) return;
    this.#head = head;
    this.#waiting.reached(head.size);
  }

  stop(reason: string): void {
    this.#stopped = reason;
  }

  /** True as soon as a signed tree has this size; false when the signal aborts first. */
  waitForSize(size: number, signal: AbortSignal): Promise<boolean> {
    return this.#waiting.wait(size, () => this.#head.size, signal);
  }
}
