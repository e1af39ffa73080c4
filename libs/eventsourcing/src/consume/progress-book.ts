/** How far one consumer is with one source: what GetHead and `tillid status` show (feed/v1 SourceProgress). */
export interface SourceProgress {
  source: string;
  consumer: string;
  position: number;
  /** Last verified head of that source that reached this service. */
  headPosition: number;
  lastHeardMs: number;
  parked: boolean;
  /** Stable code, empty when not parked. */
  parkedReason: string;
  gaps: number;
  /** Events of types the consumer does not declare. */
  unknownTypes: number;
}

interface Waiter {
  readonly line: SourceProgress;
  readonly passed: () => boolean;
  readonly resolve: () => void;
}

/** One per service; every follower writes its line. */
export class ProgressBook {
  readonly #lines = new Map<string, SourceProgress>();
  readonly #waiters = new Set<Waiter>();

  /** The line of a consumer and a source, made when new. */
  line(consumer: string, source: string): SourceProgress {
    const key = `${consumer}\n${source}`;
    const line = this.#lines.get(key) ?? { source, consumer, position: 0, headPosition: 0, lastHeardMs: 0, parked: false, parkedReason: '', gaps: 0, unknownTypes: 0 };
    this.#lines.set(key, line);
    return line;
  }

  list(): SourceProgress[] {
    return [...this.#lines.values()].map((line) => ({ ...line }));
  }

  /** Whether anyone waits for this consumer to come further. */
  isAwaited(consumer: string, source: string): boolean {
    return [...this.#waiters].some(({ line }) => line.consumer === consumer && line.source === source);
  }

  /** What another replica, whose followers are at work, says of them. Positions never go back: what it says may be late. */
  adopt(told: readonly SourceProgress[]): void {
    for (const { position, headPosition, ...theirs } of told) {
      const ours = this.line(theirs.consumer, theirs.source);
      Object.assign(ours, theirs, { headPosition: Math.max(ours.headPosition, headPosition) });
      if (position > ours.position) this.moved(theirs.consumer, theirs.source, position);
    }
  }

  /** A follower says that a consumer has come further. */
  moved(consumer: string, source: string, position: number): void {
    this.line(consumer, source).position = position;
    for (const waiter of this.#waiters) if (waiter.passed()) waiter.resolve();
  }

  /**
   * True as soon as the consumer has applied the position; false when the signal aborts first. What a query with
   * `tillid-min-position` waits for, and a command whose citizen is not known yet.
   */
  async waitFor(consumer: string, source: string, position: number, signal: AbortSignal): Promise<boolean> {
    const line = this.line(consumer, source);
    if (line.position >= position) return true;
    if (signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { line, passed: () => line.position >= position, resolve };
    this.#waiters.add(waiter);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiters.delete(waiter);
    return line.position >= position;
  }
}
