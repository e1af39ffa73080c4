/** Counts by name, of at most so many names: who can invent names cannot make the report grow. */
export class Tally {
  readonly #counts = new Map<string, number>();
  #others = 0;

  constructor(private readonly maxNames = 10_000) {}

  add(name: string, count = 1): void {
    const known = this.#counts.get(name);
    if (known === undefined && this.#counts.size >= this.maxNames) this.#others += count;
    else this.#counts.set(name, (known ?? 0) + count);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, this.#others);
  }

  /** The largest, and everything else as one row. */
  rows(most: number, others = 'all others'): readonly (readonly [name: string, count: number])[] {
    const sorted = [...this.#counts].sort(([leftName, left], [rightName, right]) => right - left || (leftName < rightName ? -1 : 1));
    const rest = sorted.slice(most).reduce((sum, [, count]) => sum + count, this.#others);
    return [...sorted.slice(0, most), ...(rest > 0 ? [[others, rest] as const] : [])];
  }
}
