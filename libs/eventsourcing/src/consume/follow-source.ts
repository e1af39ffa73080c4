import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { Refused } from '@tillid/kernel';
import type { Checkpoint } from '../checkpoint.js';
import { noTelemetry } from '../telemetry.js';
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
  /** A relay that failed, or brought what its source did not sign, is left alone for so long; the source itself is read meanwhile. Default 10 s. */
  readonly relayRestMs?: number;
  /**
   * However well a relay does, the source itself is heard so often: whoever has the relay, and a key that the source has
   * replaced, can hide the replacement and go on in its name, but not for longer. Default 10 min.
   */
  readonly hearSourceEveryMs?: number;
  /** Each verified head, once everything up to it is applied. */
  readonly onHead?: (head: SignedHead) => void;
}

const relayRestMsDefault = 10_000;
const hearSourceEveryMsDefault = 600_000;

/** How a session reads, and for how long. */
interface Reading {
  readonly transport: Transport;
  /** A back-fill: over when it is past this position, or the source has no more; and not before that time. Left out: for ever. */
  readonly until?: { readonly position: number; readonly timeMs: number };
  /** Of a relay: when the source itself is to be heard again. */
  readonly hearSourceAtMs?: number;
}

interface ReadEnd {
  readonly session: SessionEnd;
  readonly next: Reading;
}

const direct: Reading = { transport: 'direct' };
const again: SessionEnd = { kind: 'again' };

/** Follows another service's log for ever, by the rules of `takeIn`. */
export function followSource(options: FollowSource): Follower {
  const { source, relay, relayRestMs = relayRestMsDefault, hearSourceEveryMs = hearSourceEveryMsDefault } = options;
  const relayed = (): Reading => ({ transport: 'relayed', hearSourceAtMs: performance.now() + hearSourceEveryMs });
  const withoutRelay = (): Reading => ({ ...direct, until: { position: 0, timeMs: performance.now() + relayRestMs } });
  let reading = relay ? relayed() : direct;
  const lost = () => {
    reading = withoutRelay();
  };

  return follower(options, async (checkpoint, session) => {
    const { transport } = reading;
    const reader = transport === 'direct' ? options.reader : noticing(relay!, source, session.signal, lost);
    try {
      const end = await readSession(options, reader, reading, checkpoint, session, { relayed, withoutRelay });
      reading = end.next;
      return end.session;
    } catch (error) {
      // A source that is away leaves whatever the relay has.
      if (relay && transport === 'direct') reading = relayed();
      throw error;
    }
  });
}

/** Tells when the relay fails or ends; that its reader does is no fault of the relay. */
function noticing(relay: SourceReader, source: string, stopping: AbortSignal, lost: () => void): SourceReader {
  return {
    async *subscribe(_source, afterPosition, signal) {
      try {
        yield* relay.subscribe(source, afterPosition, signal);
      } catch (error) {
        lost();
        throw error;
      }
      if (!stopping.aborted) lost();
    },
  };
}

async function readSession(options: FollowSource, reader: SourceReader, reading: Reading, checkpoint: Checkpoint, session: Session, { relayed, withoutRelay }: { relayed(): Reading; withoutRelay(): Reading }): Promise<ReadEnd> {
  const { source, consumer, onHead, onTrouble, telemetry = noTelemetry } = options;
  const { transport } = reading;
  let standing: Standing = { checkpoint, pending: [] };
  const park = (reason: string, batch?: FeedBatch): ReadEnd => {
    onTrouble?.({ kind: 'parked', source, consumer: consumer.name, reason });
    return { session: { kind: 'park', reason, ...(batch && { evidence: { standing, batch } }) }, next: reading };
  };
  // Closes the subscription whichever way this function is left.
  const closing = new AbortController();
  const signal = AbortSignal.any([session.signal, closing.signal]);
  try {
    for await (const batch of reader.subscribe(source, checkpoint.position, signal)) {
      const verdict = takeIn(source, standing, batch, transport);
      switch (verdict.kind) {
        case 'park':
          return park(verdict.reason, batch);
        case 'differs':
          if (transport === 'direct') return park(verdict.reason, batch);
          telemetry.count('consumer.relay_refused', { source, consumer: consumer.name });
          onTrouble?.({ kind: 'retrying', source, consumer: consumer.name, reason: verdict.reason });
          return { session: again, next: withoutRelay() };
        case 'gap':
          session.gap();
          // The source itself left something out: begin again where we are, after a pause.
          if (transport === 'direct') throw new Error(`${source} left a gap after ${standing.checkpoint.position}`);
          return { session: again, next: { ...direct, until: { position: startOf(batch), timeMs: 0 } } };
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
      if (filled(reading, standing, batch)) return { session: again, next: relayed() };
      if (performance.now() >= (reading.hearSourceAtMs ?? Infinity)) return { session: again, next: { ...direct, until: { position: standing.checkpoint.position, timeMs: 0 } } };
      if (session.signal.aborted) break;
    }
  } catch (error) {
    if (error instanceof Refused && error.code === 'feed.position_ahead') return park('source.behind_us');
    throw error;
  } finally {
    closing.abort();
  }
  if (!session.signal.aborted) throw new Error(`the feed of ${source} ended`);
  return { session: again, next: reading };
}

/** Where the relay can go on from: right before the first event it has. */
function startOf({ events, firstPosition, head }: FeedBatch): number {
  return events.length > 0 ? firstPosition - 1 : (head?.position ?? 0);
}

function filled({ until }: Reading, { checkpoint }: Standing, { events }: FeedBatch): boolean {
  if (!until || performance.now() < until.timeMs) return false;
  // An idle source has said everything; what the relay claimed beyond that was not the source's.
  return checkpoint.position >= until.position || events.length === 0;
}
