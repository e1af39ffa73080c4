import type { SignedHead } from '@tillid/contracts/event/v1/event';
import type { Clock } from '@tillid/kernel';

export interface HeardHead {
  readonly head: SignedHead;
  readonly heardAtMs: number;
}

/** Each source's newest verified head since this process began; everything it covers is in the ledger. */
export class Heads {
  private readonly newest = new Map<string, HeardHead>();

  constructor(private readonly clock: Clock) {}

  heard(head: SignedHead): void {
    const known = this.newest.get(head.source)?.head;
    const newer = known === undefined || head.position > known.position || (head.position === known.position && head.timeMs >= known.timeMs);
    if (newer) this.newest.set(head.source, { head, heardAtMs: this.clock.nowMs() });
  }

  of(source: string): HeardHead | undefined {
    return this.newest.get(source);
  }

  all(): readonly SignedHead[] {
    return [...this.newest.values()].map(({ head }) => head);
  }
}
