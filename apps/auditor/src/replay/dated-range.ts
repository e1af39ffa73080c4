import type { HeadsTimeline } from '@tillid/eventsourcing';
import { CouldNotLook } from '../could-not-look.js';

export interface DatedItem<Item> {
  readonly source: string;
  readonly position: number;
  readonly item: Item;
}

/** Audit records heads each second while anything comes in: seconds of a peak, and then some. */
const heldMax = 100_000;

/**
 * Lets through what is dated in a range, in the order it came. An entry is dated by the first HeadsSeen that covers it,
 * which stands after it in the log: until then it is held back, and all that came after it.
 */
export class DatedRange<Item> {
  /** Per source, the last position that is dated before `fromMs`, and the last that is dated at or before `untilMs`, as far as is known. */
  #before: ReadonlyMap<string, number> = new Map();
  #within: ReadonlyMap<string, number> = new Map();
  #fromIsKnown: boolean;
  #untilIsKnown: boolean;
  #held: DatedItem<Item>[] = [];

  constructor(private readonly fromMs: number | undefined, private readonly untilMs: number | undefined) {
    this.#fromIsKnown = fromMs === undefined;
    this.#untilIsKnown = untilMs === undefined;
  }

  /** False: a HeadsSeen to come may date entries into the range, or out of it. */
  get isSettled(): boolean {
    return this.#fromIsKnown && this.#untilIsKnown;
  }

  /** Answers what is now known to be within. Throws CouldNotLook when more than a hundred thousand wait for a date. */
  entry(dated: DatedItem<Item>): readonly Item[] {
    if (this.#held.length >= heldMax) throw new CouldNotLook(`${heldMax} entries wait for a record of heads that dates them`);
    this.#held.push(dated);
    return this.#decided();
  }

  /** After a HeadsSeen. */
  headsSeen(timeline: HeadsTimeline): readonly Item[] {
    const lastMs = timeline.lastTimeMs ?? -Infinity;
    if (!this.#fromIsKnown) {
      this.#before = timeline.positionsAt(this.fromMs! - 1);
      this.#fromIsKnown = lastMs >= this.fromMs!;
    }
    if (!this.#untilIsKnown) {
      this.#within = timeline.positionsAt(this.untilMs!);
      this.#untilIsKnown = lastMs > this.untilMs!;
    }
    return this.#decided();
  }

  /** No more comes. What nothing has dated yet is after all that is dated. */
  end(): readonly Item[] {
    const rest = this.#held.filter((dated) => this.#isWithin(dated) ?? this.untilMs === undefined).map(({ item }) => item);
    this.#held = [];
    return rest;
  }

  #decided(): readonly Item[] {
    const items: Item[] = [];
    let count = 0;
    for (; count < this.#held.length; count += 1) {
      const isWithin = this.#isWithin(this.#held[count]!);
      if (isWithin === undefined) break;
      if (isWithin) items.push(this.#held[count]!.item);
    }
    if (count > 0) this.#held = this.#held.slice(count);
    return items;
  }

  /** Undefined while that cannot be said. */
  #isWithin({ source, position }: DatedItem<Item>): boolean | undefined {
    if (position <= (this.#before.get(source) ?? 0)) return false;
    if (!this.#fromIsKnown) return undefined;
    if (this.untilMs === undefined || position <= (this.#within.get(source) ?? 0)) return true;
    return this.#untilIsKnown ? false : undefined;
  }
}
