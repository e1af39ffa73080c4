import type { Checkpoint } from '../checkpoint.js';

/** An event of a source that counts: covered by a verified head (or from the service's own store). */
export interface SourceEvent {
  readonly position: number;
  readonly bytes: Uint8Array;
  /** The source's chain after it. */
  readonly chain: Uint8Array;
  /** The source's key in force after it; absent where the checkpoint's own holds (a service's own log). */
  readonly key?: Uint8Array;
}

/**
 * Three kinds, and only these: `projectionConsumer` (position in each document, checkpoint after), `reactionConsumer`
 * (commandId from the event, checkpoint after), `ledgerConsumer` (revision in the commit). A crash at any point leaves
 * a state from which applying the same events again changes nothing more.
 */
export interface Consumer {
  /** As in `tillid status`: "sign-in.citizens", "ledger". */
  readonly name: string;
  /** Where it stands, from what is stored; the start for a source it never heard of. */
  standing(source: string): Promise<Checkpoint>;
  /**
   * Applies the events, which follow its standing densely, in order, and moves its standing to `next`. Throws
   * CannotApply after applying everything before the event it could not apply; any other error means "try again".
   */
  apply(source: string, events: readonly SourceEvent[], next: Checkpoint): Promise<Applied>;
}

export interface Applied {
  /** Events of types the consumer does not declare: they moved its position and nothing else. */
  readonly unknownTypes: number;
}

/** Trying again would not help. The source is parked: nothing after this event is applied, and everyone can see it. */
export class CannotApply extends Error {
  override readonly name = 'CannotApply';

  constructor(
    readonly position: number,
    /** A stable code, shown in `tillid status`. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${reason} at ${position}`, options);
  }
}

/** The checkpoint as of one event of a batch. */
export function checkpointAt({ position, chain, key = new Uint8Array(0) }: SourceEvent, next: Checkpoint): Checkpoint {
  return { ...next, position, chain, key: key.length > 0 ? key : next.key };
}
