/** Calls that wait until a tree has a size. */
export class SizeWaiters {
  readonly #waiting = new Set<{ readonly size: number; readonly resolve: () => void }>();

  get any(): boolean {
    return this.#waiting.size > 0;
  }

  reached(size: number): void {
    for (const waiter of this.#waiting) if (size >= waiter.size) waiter.resolve();
  }

  /** True as soon as the tree has this size; false when the signal aborts first. */
  async wait(size: number, now: () => number, signal: AbortSignal): Promise<boolean> {
    if (now() >= size) return true;
    if (signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { size, resolve };
    this.#waiting.add(waiter);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(waiter);
    return now() >= size;
  }
}
