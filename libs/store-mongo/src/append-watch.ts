/** Tells listeners that the log has grown: at once when this process wrote, within a poll when another did. */
export class AppendWatch {
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  /** The end of the log as last told. */
  #told = 0;
  /** Moves with every append of this process, begun or ended: what a poll saw meanwhile is told by the append itself. */
  #own = 0;
  #writing = false;
  #polling = false;

  constructor(
    private readonly lastPosition: () => Promise<number>,
    private readonly pollMs: number,
  ) {}

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => void this.#poll(), this.pollMs).unref();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** This process is about to write. */
  begin(): void {
    this.#writing = true;
    this.#own += 1;
  }

  /** It has; up to a position, if it stored anything. */
  end(position?: number): void {
    this.#writing = false;
    this.#own += 1;
    if (position !== undefined) this.#tell(position);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #poll(): Promise<void> {
    if (this.#polling || this.#writing) return;
    this.#polling = true;
    const own = this.#own;
    try {
      const position = await this.lastPosition();
      if (own === this.#own && position !== this.#told) this.#tell(position);
    } catch {
      // A hint only. Whoever listens looks by itself now and then, and meets the fault there.
    } finally {
      this.#polling = false;
    }
  }

  #tell(position: number): void {
    this.#told = position;
    for (const listener of this.#listeners) queueMicrotask(listener);
  }
}
