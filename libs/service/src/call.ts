import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { Caller } from '@tillid/crypto';
import type { CommandContext } from '@tillid/eventsourcing';

export type { Caller, CommandContext };

/** Whose token rides on top of the certificate. */
export interface Citizen {
  /** The citizen id in the citizen's own rooms; the pairwise pseudonym at a receiver. */
  readonly subject: string;
  readonly sessionId: string;
  readonly level: AssuranceLevel;
  readonly tokenId: string;
}

/** One call, as the gate let it through. */
export interface Call {
  readonly caller: Caller;
  /** Set where the rule of the rpc asks for a token. */
  readonly citizen?: Citizen;
  /** "/tillid.consent.v1.ConsentService/GrantConsent". */
  readonly rpc: string;
  /** Checked where the rpc changes anything; else what the request has, or empty. */
  readonly idempotencyKey: string;
  readonly correlationId: string;
  /** Aborted when the caller hung up or the deadline has passed. */
  readonly signal: AbortSignal;
  /** In milliseconds since the epoch. Infinity for a stream without one. */
  readonly deadlineMs: number;
  /**
   * The command of this call; `step` names a further commit of the same call, each with an id of its own. Without an
   * idempotency key the id is random: a retry is then another command.
   */
  context(step?: string): CommandContext;
  /** A command that is the same whoever asks and however often: its id follows from the parts alone ("link-subject", ids ...). */
  contextOf(...parts: readonly [string, ...string[]]): CommandContext;
  /** Idempotency key for a call this command makes to another service: 43 characters, the same on every retry. */
  keyFor(step: string): string;
  /**
   * The citizen whose token was shown, where the rule of the rpc leaves it open (a citizen agent: own rooms, anyone
   * else: at the receiver). Refused with token.required when there is none.
   */
  requireCitizen(): Promise<Citizen>;
  /**
   * A refusal that is a fact and that the gate could not see: on the caller's stream, the first ten a minute each, the
   * rest as one event that counts them. `onlyCounted`: the service itself has recorded enough of them this minute.
   */
  recordRefusal(reason: string, more?: { readonly tokenId?: string; readonly onlyCounted?: boolean }): Promise<void>;
  /** Called with the position of what was written ("consent/0@17"); the reply carries it as `tillid-position`. */
  wrotePosition(position: string): void;
}

/** The citizen of a call whose rule asks for a token; the gate let nobody through without. */
export function citizenOf(call: Call): Citizen {
  if (!call.citizen) throw new Error(`${call.rpc} has no rule that asks for a citizen's token`);
  return call.citizen;
}
