/** What one HeadsSeen says: at this time of audit's own monotone clock, each source was at least this far. */
export interface HeadsSeenAt {
  readonly timeMs: number;
  readonly positions: ReadonlyMap<string, number>;
}

interface Sighting {
  readonly timeMs: number;
  readonly position: number;
}

/**
 * Dates entries by who saw them when, not by what they say of themselves: an entry's date is the time of the first
 * HeadsSeen whose head covers it; an instant is the positions the last HeadsSeen at or before it names.
 */
export class HeadsTimeline {
  readonly #times: HeadsSeenAt[] = [];
  /** Per source, only where its position advanced. */
  readonly #sightings = new Map<string, Sighting[]>();

  /** In the order recorded. False, and nothing changes, when time or a position would go back; a source left out would be back at 0. */
  add(seen: HeadsSeenAt): boolean {
    const last = this.#times.at(-1);
    if (last && seen.timeMs < last.timeMs) return false;
    for (const source of this.#sightings.keys()) if ((seen.positions.get(source) ?? 0) < this.lastPosition(source)) return false;

    this.#times.push(seen);
    for (const [source, position] of seen.positions) {
      const sightings = this.#sightings.get(source) ?? [];
      this.#sightings.set(source, sightings);
      if (position > this.lastPosition(source)) sightings.push({ timeMs: seen.timeMs, position });
    }
    return true;
  }

  /** The last position any HeadsSeen names; 0 when none does. */
  lastPosition(source: string): number {
    return this.#sightings.get(source)?.at(-1)?.position ?? 0;
  }

  /** Undefined while no HeadsSeen covers it. */
  dateOf(source: string, position: number): number | undefined {
    const sightings = this.#sightings.get(source) ?? [];
    return sightings[firstWhere(sightings, (sighting) => sighting.position >= position)]?.timeMs;
  }

  /** Where replay and rebuild to an instant stop, per source; a source that is not named has nothing yet. */
  positionsAt(instantMs: number): ReadonlyMap<string, number> {
    return this.#times[firstWhere(this.#times, (seen) => seen.timeMs > instantMs) - 1]?.positions ?? new Map();
  }

  get lastTimeMs(): number | undefined {
    return this.#times.at(-1)?.timeMs;
  }
}

/** The first index for which it holds, in a list where it holds from some index on; the length when for none. */
function firstWhere<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
