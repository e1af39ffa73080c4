/**
 * What a refusal means to the caller; each kind has one gRPC status (libs/service).
 * invalid: the request can never succeed as it is. precondition: not in this state. not_found, taken, not_allowed,
 * unauthenticated: as they say. busy: try again after `retryAfterMs`. conflict: lost a race too often, try again.
 * unknown_outcome: it may or may not have happened; retry with the same idempotency key.
 */
export type RefusalKind =
  | 'invalid'
  | 'precondition'
  | 'not_found'
  | 'taken'
  | 'not_allowed'
  | 'unauthenticated'
  | 'busy'
  | 'conflict'
  | 'unknown_outcome';

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** A no that is part of the contract. Thrown; nothing was recorded on the stream. `code` is stable and public. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly code: string,
    readonly kind: RefusalKind,
    readonly details: { readonly fields?: readonly FieldViolation[]; readonly retryAfterMs?: number } = {},
  ) {
    super(code);
  }
}

/** A service's table of refusals: `const refuse = refusals({ 'consent.withdrawn': 'precondition' })`. */
export function refusals<Code extends string>(table: Readonly<Record<Code, RefusalKind>>) {
  return (code: Code, details?: Refused['details']): Refused => new Refused(code, table[code], details);
}
