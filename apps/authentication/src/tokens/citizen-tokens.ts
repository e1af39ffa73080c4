import { type CitizenToken, issueCitizenToken, type SharedTokenKeys, verifyCitizenToken } from '@tillid/crypto';
import type { Clock } from '@tillid/kernel';

/** Issues and checks citizens' tokens. The keys take turns: the next is published a day before it signs. */
export class CitizenTokens {
  constructor(
    private readonly keys: SharedTokenKeys,
    private readonly issuer: string,
    private readonly clock: Clock,
  ) {}

  /** At start, and from time to time. */
  rotate(): Promise<void> {
    return this.keys.tend();
  }

  /** `atMs` is when it was redeemed: a repeated reply holds the same times, and so never a longer life. */
  async issue(claims: Omit<CitizenToken, 'issuedAtMs' | 'expiresAtMs'> & { readonly sessionExpiresAtMs: number }, atMs: number) {
    return issueCitizenToken(await this.keys.forSigning(atMs), this.issuer, claims, atMs);
  }

  verify(token: string, expected: { readonly audience: string; readonly thumbprint: string }): Promise<CitizenToken> {
    return verifyCitizenToken(token, this.keys.source, { issuer: this.issuer, ...expected }, this.clock.nowMs());
  }

  /** What /.well-known/jwks.json answers. */
  async keySet(): Promise<string> {
    return JSON.stringify(await this.keys.published());
  }
}
