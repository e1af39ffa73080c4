import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { emptyChain, nextChain } from '../chain.js';
import type { Checkpoint } from '../checkpoint.js';
import { limits } from '../event-store.js';
import { verifySignedHead } from '../signed-head.js';
import { announcedKey, keyAfter } from '../source-key.js';
import type { SourceEvent } from './consumer.js';

/** What a source sends: events that follow each other densely, and its signed head. The Batch of feed/v1 is one. */
export interface FeedBatch {
  /** Position of the first event; 0 when there is none. */
  readonly firstPosition: number;
  readonly events: readonly Uint8Array[];
  readonly head?: SignedHead | undefined;
}

/** What a follower knows of a source: what it applied, and what has arrived but no verified head covers yet. */
export interface Standing {
  readonly checkpoint: Checkpoint;
  /** They follow checkpoint.position densely. */
  readonly pending: readonly Uint8Array[];
}

export type Verdict =
  | { readonly kind: 'apply'; readonly events: readonly SourceEvent[]; readonly standing: Standing }
  /** Nothing counts yet, or nothing is new. */
  | { readonly kind: 'wait'; readonly standing: Standing }
  /** Something between what we have and what came is missing: ask the source for it. */
  | { readonly kind: 'gap' }
  /** What came is not what the source signed. From the source itself that parks it; from a relay it has no effect. */
  | { readonly kind: 'differs'; readonly reason: string }
  /** The source's own signature says that it is not the source we followed. */
  | { readonly kind: 'park'; readonly reason: string };

/** Direct: from the source over its own certificate. Relayed: through a broker, which is trusted with nothing. */
export type Transport = 'direct' | 'relayed';

export const startingPoint: Checkpoint = { position: 0, chain: emptyChain, key: new Uint8Array(0), headTimeMs: 0 };

/** Beside maxCommitBytes: events of no bytes would never reach that. */
const pendingEventsMax = 100_000;

const noteworthy = { behind: 'source.behind_us', chain: 'source.chain_differs', signature: 'source.head_not_signed', key: 'source.key_not_announced' } as const;

/**
 * The rules every consumer of another service's log follows, pure. Events at or below our position are dropped: if they
 * were others than those we applied, no later head of that source continues our chain, and the first one parks it.
 */
export function takeIn(source: string, standing: Standing, batch: FeedBatch, transport: Transport): Verdict {
  const { checkpoint } = standing;
  const lastHeld = checkpoint.position + standing.pending.length;
  if (batch.events.length > 0 && batch.firstPosition > lastHeld + 1) return { kind: 'gap' };

  const pending = [...standing.pending, ...batch.events.slice(Math.max(0, lastHeld + 1 - batch.firstPosition))];
  const { head } = batch;
  if (!head) return wait(checkpoint, pending);
  if (head.position === 0 && checkpoint.position === 0) return wait(checkpoint, pending);

  // A key that came through a relay could be anybody's: the first event is fetched from the source itself.
  if (checkpoint.key.length === 0 && (pending.length === 0 || transport === 'relayed')) return { kind: 'gap' };
  const count = head.position - checkpoint.position;
  // Which key signs that far is not known before the events are: one of them may announce it.
  if (pending.length < count) return { kind: 'gap' };
  const firstKey = checkpoint.key.length > 0 ? checkpoint.key : announcedKey(source, pending[0]!);
  if (!firstKey) return { kind: 'differs', reason: noteworthy.key };
  const keys = keysAlong(source, firstKey, pending.slice(0, Math.max(0, count)));
  const key = keys.at(-1) ?? firstKey;
  if (head.source !== source || !verifySignedHead(head, key)) {
    // A relay keeps what was said long ago, under keys that were in force then: it has no effect, and is no reason to leave it.
    return transport === 'relayed' && count < 0 ? wait(checkpoint, pending) : { kind: 'differs', reason: noteworthy.signature };
  }

  if (count < 0) {
    // An old head that arrives late is no news; a newer one that knows less is a source that lost what we applied.
    if (head.timeMs <= checkpoint.headTimeMs) return wait(checkpoint, pending);
    // Through a relay it may only be the clock of another replica: the source itself is asked whether it is behind us.
    return { kind: transport === 'direct' ? 'park' : 'differs', reason: noteworthy.behind };
  }

  const events = chained(checkpoint, pending.slice(0, count)).map((event, index) => ({ ...event, key: keys[index]! }));
  const chain = events.at(-1)?.chain ?? checkpoint.chain;
  if (!head.chain.equals(chain)) return count === 0 ? { kind: 'park', reason: noteworthy.chain } : { kind: 'differs', reason: noteworthy.chain };

  const next: Standing = {
    checkpoint: { position: head.position, chain, key, headTimeMs: Math.max(head.timeMs, checkpoint.headTimeMs) },
    pending: pending.slice(count),
  };
  return count === 0 ? wait(next.checkpoint, next.pending) : { kind: 'apply', events, standing: next };
}

/** The key in force after each event. A new one counts from its announcement on, the head at that very position included. */
function keysAlong(source: string, key: Uint8Array, events: readonly Uint8Array[]): Uint8Array[] {
  let inForce = key;
  return events.map((bytes) => (inForce = keyAfter(source, inForce, bytes)));
}

/** The events after a checkpoint, each with the chain after it. */
export function chained(after: Checkpoint, events: readonly Uint8Array[]): SourceEvent[] {
  let chain = after.chain;
  return events.map((bytes, index) => ({ position: after.position + index + 1, bytes, chain: (chain = nextChain(chain, bytes)) }));
}

/** A sender that never signs, or signs the same head again and again, must not fill our memory. */
function wait(checkpoint: Checkpoint, pending: readonly Uint8Array[]): Verdict {
  const full = pending.length > pendingEventsMax || bytesOf(pending) > limits.maxCommitBytes;
  return full ? { kind: 'gap' } : { kind: 'wait', standing: { checkpoint, pending } };
}

function bytesOf(events: readonly Uint8Array[]): number {
  return events.reduce((sum, event) => sum + event.length, 0);
}
