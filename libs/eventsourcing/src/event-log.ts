import type { Actor, Authority, Outcome } from '@tillid/contracts/event/v1/event';
import type { Clock, Ids, Refused } from '@tillid/kernel';
import type { Decider } from './decider.js';
import type { EventCodec } from './event-codec.js';
import type { EventStore } from './event-store.js';
import type { FoldCache } from './fold-cache.js';
import type { DomainEvent } from './recorded-event.js';
import type { Telemetry } from './telemetry.js';

/** A service's own log, as its command handlers see it. */
export interface EventLog<E extends DomainEvent> {
  readonly store: EventStore;
  readonly codec: EventCodec<E>;
  /** "consent/0". */
  readonly source: string;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'bytes'>;
  /** One per store when not given. */
  readonly cache?: FoldCache;
  readonly telemetry?: Telemetry;
  /** The refusal for a value that is held already; default store.reserved (taken). */
  readonly onReserved?: (value: string) => Refused;
}

/** What a slice says about an event; id, salt, source, stream, revision, time, command and trace come from `handle`. */
export interface EnvelopeFields {
  /** The pairwise pseudonym when clientId is set, else the citizen id; absent for none. */
  readonly subject?: string;
  readonly clientId?: string;
  readonly actor: Pick<Actor, 'kind' | 'id'> & Partial<Pick<Actor, 'onBehalfOf'>>;
  readonly authority?: Authority;
  /** Ok when absent. */
  readonly outcome?: Outcome;
  /** Sealed under the citizen's key with the event id as additional data; hence the function. */
  readonly encrypted?: Buffer | ((eventId: Buffer) => Buffer);
}

/** One stream of a command: its rules, the command for it, and the envelope of what they decide. */
export interface StreamCommand<Command, State, E extends DomainEvent> {
  readonly stream: string;
  readonly decider: Decider<Command, State, E>;
  /** A function is called with the stream's state, again after each lost race. */
  readonly command: Command | ((state: State) => Command);
  readonly envelope: (event: E) => EnvelopeFields;
}

/** A StreamCommand whose command and state were checked by `write`, for lists of any length. */
export type Write<E extends DomainEvent> = StreamCommand<any, any, E>;

export function write<Command, State, E extends DomainEvent>(streamCommand: StreamCommand<Command, State, E>): Write<E> {
  return streamCommand;
}
