import type { CallerName } from '@tillid/crypto';
import { Refused } from '@tillid/kernel';

/** Two connections full of calls; more than any of our own services has underway. */
const callsMax = 2000;
/** A stream holds up to a page of the log (8 MiB) for as long as its reader takes nothing. */
const streamsMax = 32;
const retryAfterMs = 1000;

/**
 * How many calls one caller has open, over all its connections. Calls a minute do not bound this: a caller who sends no
 * request, or takes no reply, keeps a call open for as long as it likes.
 */
export class CallsAtOnce {
  private readonly open = new Map<string, { calls: number; streams: number }>();

  /** Holds a place until what it answers is called, once; or throws call.too_many. */
  enter({ kind, id }: CallerName, isStream: boolean): () => void {
    const key = `${kind}/${id}`;
    const open = this.open.get(key) ?? { calls: 0, streams: 0 };
    const streams = isStream ? 1 : 0;
    if (open.calls >= callsMax || open.streams + streams > streamsMax) throw new Refused('call.too_many', 'busy', { retryAfterMs });
    open.calls += 1;
    open.streams += streams;
    this.open.set(key, open);
    return () => {
      open.calls -= 1;
      open.streams -= streams;
      if (open.calls === 0) this.open.delete(key);
    };
  }
}
