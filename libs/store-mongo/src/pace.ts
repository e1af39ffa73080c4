import { setTimeout as pauseFor } from 'node:timers/promises';

const maxPauseMs = 500;
/** Another writer that was met so lately is counted on to be there still. */
const othersLiveMs = 1_000;

/** When a writer waits, so that neither it nor the others run in vain. */
export class Pace {
  /** Tries in a row that nothing durable explains. */
  #setbacks = 0;
  #otherMetMs = -Infinity;
  #roundTripMs = 0;

  setback(): void {
    this.#setbacks += 1;
  }

  progress(): void {
    this.#setbacks = 0;
  }

  /** Another writer's commit had the position. A lost race alone is no setback: whoever waits then, starves. */
  otherMet(): void {
    this.#otherMetMs = performance.now();
  }

  /** Does it, and remembers how long it took. */
  async timed<Result>(insert: () => Promise<Result>): Promise<Result> {
    const sentMs = performance.now();
    const result = await insert();
    this.#roundTripMs = performance.now() - sentMs;
    return result;
  }

  /** Before the next try after setbacks; by lot, so that two never meet for ever. */
  async recover(): Promise<void> {
    if (this.#setbacks > 0) await pauseFor(Math.random() * Math.min(maxPauseMs, 2 ** this.#setbacks));
  }

  /**
   * After a batch that won. Whoever lost a position needs two round trips to try for the next, to read the head and to
   * insert; a winner knows its head, and would win for ever.
   */
  async giveWay(): Promise<void> {
    if (performance.now() - this.#otherMetMs < othersLiveMs) await pauseFor(Math.min(this.#roundTripMs, maxPauseMs));
  }
}
