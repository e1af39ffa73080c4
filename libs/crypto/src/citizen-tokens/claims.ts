import { Refused } from '@tillid/kernel';
import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';

/** What a citizen's token says (ES256 JWT). */
export interface CitizenToken {
  /** `aud`: the relying service's client id, or ownRoomsAudience. */
  readonly audience: string;
  /** `sub`: the pairwise pseudonym at a relying service; the citizen id for own rooms. */
  readonly subject: string;
  readonly sessionId: string;
  readonly level: AssuranceLevel;
  /** cnf.x5t#S256: only this certificate may show it. */
  readonly thumbprint: string;
  /** `jti`. */
  readonly tokenId: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** The installation itself: the audience of a citizen agent's tokens. */
export const ownRoomsAudience = 'tillid';
export const tokenLifetimeMs = 5 * 60 * 1000;
export const clockSkewMs = 5 * 1000;
/** A token is never near this; what is longer is not looked at. */
export const tokenLengthMax = 2048;

export type TokenRefusal =
  | 'token.malformed'
  | 'token.expired'
  | 'token.foreign_audience'
  | 'token.other_certificate';

/** `tokenId` is there only when the signature was ours: then it may be a misuse worth recording, else it is noise. */
export class TokenRefused extends Refused {
  constructor(
    override readonly code: TokenRefusal,
    readonly tokenId?: string,
  ) {
    super(code, 'unauthenticated');
  }
}
