import { refuseCall } from '../domain/authentication.refusals.js';

/** Who waits: a device that signed in before, or anyone else. */
export type Line = 'known' | 'unknown';

export interface HashQueueLimits {
  /** Hashes at the same time; each takes 19 MiB and a thread. */
  readonly atOnce: number;
  /** Places in line for devices that signed in before. Strangers can't take them. */
  readonly knownPlaces: number;
  readonly unknownPlaces: number;
}

interface Waiting {
  readonly start: () => void;
}

/**
 * Hashing takes 15 ms of a core, so there is a line for it, and the line has an end. Two lines take turns: however many
 * strangers guess, every second hash is a known device's as long as one waits.
 */
export class HashQueue {
  private readonly lines: Readonly<Record<Line, Waiting[]>> = { known: [], unknown: [] };
  private running = 0;
  private last: Line = 'unknown';

  constructor(private readonly limits: HashQueueLimits) {}

  /** Runs `work` in turn; refused when the line is full. */
  async run<Result>(line: Line, work: () => Promise<Result>): Promise<Result> {
    await this.turn(line);
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.next();
    }
  }

  private turn(line: Line): Promise<void> {
    const waiting = this.lines[line];
    const places = line === 'known' ? this.limits.knownPlaces : this.limits.unknownPlaces;
    if (waiting.length >= places) throw refuseCall('call.too_many', { retryAfterMs: 1000 });
    return new Promise((start) => {
      waiting.push({ start });
      this.next();
    });
  }

  private next(): void {
    if (this.running >= this.limits.atOnce) return;
    const first: Line = this.last === 'known' ? 'unknown' : 'known';
    const line = this.lines[first].length > 0 ? first : this.last;
    const waiting = this.lines[line].shift();
    if (!waiting) return;
    this.last = line;
    this.running += 1;
    waiting.start();
  }
}
