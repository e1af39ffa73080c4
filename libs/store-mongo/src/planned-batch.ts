import type { AppendOutcome, Commit } from '@tillid/eventsourcing';
import { generationKey, revisionKey } from './commit-document.js';
import type { Holding, LogView } from './stored-facts.js';

/** Why a commit may not be stored, as far as the view knows. */
export function refusal({ writes, reserve = [], release = [] }: Commit, view: LogView): AppendOutcome | undefined {
  for (const { stream, expectedRevision } of writes) {
    const actualRevision = view.revision(stream);
    if (actualRevision !== expectedRevision) return { kind: 'conflict', stream, actualRevision };
  }
  for (const value of reserve) {
    const holding = view.holding(value);
    if (holding && !holding.released) return { kind: 'reserved', value };
  }
  for (const { value, generation } of release) {
    const holding = view.holding(value);
    if (!holding || holding.released || holding.generation !== generation) return { kind: 'not_held', value, generation };
  }
  return undefined;
}

/** The log as it will be once the commits before this one in the same insert are stored. */
export class PlannedBatch implements LogView {
  readonly #revisions = new Map<string, number>();
  readonly #holdings = new Map<string, Holding>();

  constructor(private readonly stored: LogView) {}

  revision(stream: string): number {
    return this.#revisions.get(stream) ?? this.stored.revision(stream);
  }

  holding(value: string): Holding | undefined {
    return this.#holdings.get(value) ?? this.stored.holding(value);
  }

  /** A commit that is not refused. Returns the generations it takes, in the order of `reserve`. */
  add({ writes, reserve = [], release = [] }: Commit): readonly number[] {
    for (const { stream, expectedRevision, events } of writes) this.#revisions.set(stream, expectedRevision + events.length);
    const generations = reserve.map((value) => (this.holding(value)?.generation ?? 0) + 1);
    reserve.forEach((value, index) => this.#holdings.set(value, { generation: generations[index]!, released: false }));
    for (const { value, generation } of release) this.#holdings.set(value, { generation, released: true });
    return generations;
  }
}

export interface KeysToLookUp {
  readonly s: readonly string[];
  readonly u: readonly string[];
}

/**
 * What must be stored for these commits to pass and is not known to be: the revision each builds on, the generation
 * each ends. Not what a commit before it in the list is about to write.
 */
export function keysToLookUp(commits: readonly Commit[], stored: LogView): KeysToLookUp {
  const s: string[] = [];
  const u: string[] = [];
  const written = new Set<string>();
  const reserved = new Set<string>();
  for (const { writes, reserve = [], release = [] } of commits) {
    for (const { stream, expectedRevision } of writes) {
      if (expectedRevision > stored.revision(stream) && !written.has(stream)) s.push(revisionKey(stream, expectedRevision));
      written.add(stream);
    }
    for (const { value, generation } of release) {
      if (generation > (stored.holding(value)?.generation ?? 0) && !reserved.has(value)) u.push(generationKey(value, generation));
    }
    for (const value of reserve) reserved.add(value);
  }
  return { s, u };
}
