import type { Decider } from './decider.js';

/** A stream folded up to a revision. */
export interface Fold<State = unknown> {
  readonly state: State;
  readonly revision: number;
  /** Position of the last event folded; 0 for an empty stream. */
  readonly position: number;
}

/**
 * Folds by (stream, revision), so that a long stream is read once: a warm command reads only the revisions since. The
 * least recently used go first. What is here was read from the store or durably appended; still every command reads
 * on from it, because a refusal from a stale state would be wrong.
 */
export class FoldCache {
  readonly #folds = new Map<string, Fold>();
  readonly #deciders = new WeakMap<object, number>();
  #deciderCount = 0;

  constructor(readonly maxFolds = 10_000) {}

  get<State>(decider: Decider<any, State, any>, stream: string): Fold<State> | undefined {
    const key = this.#keyOf(decider, stream);
    const fold = this.#folds.get(key);
    if (!fold) return undefined;
    this.#folds.delete(key);
    this.#folds.set(key, fold);
    return fold as Fold<State>;
  }

  put<State>(decider: Decider<any, State, any>, stream: string, fold: Fold<State>): void {
    const key = this.#keyOf(decider, stream);
    const held = this.#folds.get(key);
    // A slower reader must not put an older fold in place of a newer one.
    if (held && held.revision > fold.revision) return;
    this.#folds.delete(key);
    this.#folds.set(key, fold);
    if (this.#folds.size > this.maxFolds) this.#folds.delete(this.#folds.keys().next().value!);
  }

  /** After a fault nothing held in memory is trusted. */
  clear(): void {
    this.#folds.clear();
  }

  get size(): number {
    return this.#folds.size;
  }

  #keyOf(decider: object, stream: string): string {
    let number = this.#deciders.get(decider);
    if (number === undefined) this.#deciders.set(decider, (number = ++this.#deciderCount));
    return `${number} ${stream}`;
  }
}
