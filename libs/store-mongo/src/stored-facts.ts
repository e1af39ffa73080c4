import { parseKey, type CommitDocument } from './commit-document.js';

/** Of a value that is held unique: the last generation known to be taken, and whether it is known to be released. */
export interface Holding {
  readonly generation: number;
  readonly released: boolean;
}

/** What a commit is decided against. */
export interface LogView {
  /** The stream's last revision as far as known; 0 when none is. */
  revision(stream: string): number;
  /** Undefined when the value is not known to have been held. */
  holding(value: string): Holding | undefined;
}

const maxKept = 50_000;

/**
 * What a majority has stored stays true for ever: a revision, a generation taken, a generation released. So what was
 * once seen is kept, through every fault; there may be more than is known, never less.
 */
export class StoredFacts implements LogView {
  readonly #revisions = new Map<string, number>();
  readonly #holdings = new Map<string, Holding>();

  revision(stream: string): number {
    return this.#revisions.get(stream) ?? 0;
  }

  holding(value: string): Holding | undefined {
    return this.#holdings.get(value);
  }

  learnRevision(stream: string, revision: number): void {
    if (revision > 0) keep(this.#revisions, stream, Math.max(revision, this.revision(stream)));
  }

  learnHolding(value: string, { generation, released }: Holding): void {
    const known = this.#holdings.get(value);
    if (known && known.generation > generation) return;
    keep(this.#holdings, value, { generation, released: released || (known?.generation === generation && known.released) });
  }

  /** A commit known to be stored. */
  learn({ s, u = [], r = [] }: Pick<CommitDocument, 's' | 'u' | 'r'>): void {
    for (const key of s) this.learnRevision(parseKey(key).name, parseKey(key).number);
    for (const key of u) this.learnHolding(parseKey(key).name, { generation: parseKey(key).number, released: false });
    for (const key of r) this.learnHolding(parseKey(key).name, { generation: parseKey(key).number, released: true });
  }
}

/** The least recently learned goes first. */
function keep<Value>(kept: Map<string, Value>, name: string, value: Value): void {
  kept.delete(name);
  kept.set(name, value);
  if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
}
