import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { Refused } from '@tillid/kernel';
import type { Checkpoint } from '../checkpoint.js';
import { follower, type Follower, type FollowerParts, type Session, type SessionEnd } from './follower.js';
import { takeIn, type FeedBatch, type Standing, type Transport } from './take-in.js';

/** One way to another service's events. libs/rpc has the gRPC one, which reads from the source itself. */
export interface SourceReader {
  /** Everything after a position, for ever; ends with the signal, throws when the connection is lost. Begun again by the follower. */
  subscribe(source: string, afterPosition: number, signal: AbortSignal): AsyncIterable<FeedBatch>;
}

export interface FollowSource extends FollowerParts {
  /** From the source itself: back-fills, and is all there is without a relay. */
  readonly reader: SourceReader;
  /** A broker's: read first when given; what it loses or alters is asked from `reader`. */
  readonly relay?: SourceReader;
  /** Each verified head, once everything up to it is applied. */
  readonly onHead?: (head: SignedHead) => void;
}

/** Follows another service's log for ever, by the rules of `takeIn`. */
export function followSource(options: FollowSource): Follower {
  // The relay is only good from where we are; every session that found a hole is followed by one with the source.
  let transport: Transport = options.relay ? 'relayed' : 'direct';

  return follower(options, async (checkpoint, session) => {
    const reader = transport === 'relayed' ? options.relay! : options.reader;
    const end = await readSession(options, reader, transport, checkpoint, session);
    if (options.relay) transport = end.caughtUp || transport === 'direct' ? 'relayed' : 'direct';
    return end.session;
  });
}

interface ReadEnd {
  readonly session: SessionEnd;
  readonly caughtUp: boolean;
}

const again: SessionEnd = { kind: 'again' };

async function readSession(options: FollowSource, reader: SourceReader, transport: Transport, checkpoint: Checkpoint, session: Session): Promise<ReadEnd> {
  const { source, consumer, relay, onHead, onTrouble } = options;
  let standing: Standing = { checkpoint, pending: [] };
  const park = (reason: string): ReadEnd => {
    onTrouble?.({ kind: 'parked', source, consumer: consumer.name, reason });
    return { session: { kind: 'park', reason }, caughtUp: false };
  };
  // Closes the subscription whichever way this function is left.
  const reading = new AbortController();
  const signal = AbortSignal.any([session.signal, reading.signal]);
  try {
    for await (const batch of reader.subscribe(source, checkpoint.position, signal)) {
      const verdict = takeIn(source, standing, batch, transport);
      switch (verdict.kind) {
        case 'park':
          return park(verdict.reason);
        case 'differs':
          if (transport === 'direct') return park(verdict.reason);
          return { session: again, caughtUp: false };
        case 'gap':
          session.gap();
          // The source itself left something out: begin again where we are, after a pause.
          if (transport === 'direct') throw new Error(`${source} left a gap after ${standing.checkpoint.position}`);
          return { session: again, caughtUp: false };
        case 'apply':
          session.heard(verdict.standing.checkpoint.position);
          await session.apply(verdict.events, verdict.standing.checkpoint, transport);
          break;
        case 'wait':
          break;
      }
      standing = verdict.standing;
      if (!batch.head) continue;
      session.settled();
      session.heard(standing.checkpoint.position);
      if (batch.head.position === standing.checkpoint.position && batch.head.position > 0) onHead?.(batch.head);
      if (relay && transport === 'direct') return { session: again, caughtUp: true };
      if (session.signal.aborted) break;
    }
  } catch (error) {
    if (error instanceof Refused && error.code === 'feed.position_ahead') return park('source.behind_us');
    throw error;
  } finally {
    reading.abort();
  }
  if (!session.signal.aborted) throw new Error(`the feed of ${source} ended`);
  return { session: again, caughtUp: false };
}
