import type { EventStore } from '../event-store.js';
import type { Checkpoint } from '../checkpoint.js';
import { appendsTo } from './appends.js';
import { follower, type Follower, type FollowerParts } from './follower.js';
import { chained } from './take-in.js';

export interface FollowLog extends FollowerParts {
  /** The service's own. */
  readonly store: EventStore;
  /** Events read at once; default 1,000. */
  readonly batchEvents?: number;
}

/** An append is noticed at once; this is for the one that is not. */
const lookAgainAfterMs = 1000;

/** Follows the service's own log. Its store is trusted, so no signed heads; that it is the same log is still checked. */
export function followLog(options: FollowLog): Follower {
  const { store, batchEvents = 1000 } = options;

  return follower(options, async (from, session) => {
    let checkpoint: Checkpoint = from;
    const appended = appendsTo(store, session.signal);
    try {
      while (!session.signal.aborted) {
        appended.clear();
        const page = await store.readAll(checkpoint.position, batchEvents);
        if (page.length > 0) {
          const events = chained(checkpoint, page.map(({ bytes }) => bytes));
          const last = events.at(-1)!;
          checkpoint = { ...checkpoint, position: last.position, chain: last.chain };
          session.heard(last.position);
          await session.apply(events, checkpoint);
        }
        // The head alone says whether that was all: one read fewer at every append than looking for a next page.
        const head = await store.head();
        // A log put back from a backup beside read models that were not.
        if (head.position < checkpoint.position) return parked(options, 'source.behind_us');
        if (head.position === checkpoint.position && Buffer.compare(head.chain, checkpoint.chain) !== 0) return parked(options, 'source.chain_differs');
        session.heard(head.position);
        if (head.position === checkpoint.position) await appended.next(lookAgainAfterMs);
      }
    } finally {
      appended.stop();
    }
    return { kind: 'again' };
  });
}

function parked({ source, consumer, onTrouble }: FollowLog, reason: string) {
  onTrouble?.({ kind: 'parked', source, consumer: consumer.name, reason });
  return { kind: 'park', reason } as const;
}
