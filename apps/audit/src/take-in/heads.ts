import { SignedHead } from '@tillid/contracts/event/v1/event';
import type { Clock } from '@tillid/kernel';

export interface HeardHead {
  readonly head: SignedHead;
  readonly heardAtMs: number;
}

export interface ToldHead {
  /** Base64. */
  readonly head: string;
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

  /** For another replica, as plain JSON. */
  told(): readonly ToldHead[] {
    return [...this.newest.values()].map(({ head, heardAtMs }) => ({ head: Buffer.from(SignedHead.encode(head).finish()).toString('base64'), heardAtMs }));
  }

  /** What the replica that follows the sources has heard. */
  adopt(told: readonly ToldHead[]): void {
    for (const { head: encoded, heardAtMs } of told) {
      const head = SignedHead.decode(Buffer.from(encoded, 'base64'));
      if (heardAtMs >= (this.newest.get(head.source)?.heardAtMs ?? 0)) this.newest.set(head.source, { head, heardAtMs });
    }
  }

  all(): readonly SignedHead[] {
    return [...this.newest.values()].map(({ head }) => head);
  }
}
