import type { AuthenticationServiceService } from '@tillid/contracts/authentication/v1/service';
import { ownRoomsAudience, TokenRefused, verifyCitizenToken, type CitizenToken, type TokenKeySource } from '@tillid/crypto';
import { Refused, type Clock } from '@tillid/kernel';
import type { RpcClient } from '@tillid/rpc';
import type { Caller } from './call.js';
import { TokenMisuse, type TokenGuard, type TokenUse } from './token-guard.js';

/** What the token says, checked against who shows it and where. Misuse is told from noise: only a token we signed can be misused. */
export async function verifyShownToken(token: string, keys: TokenKeySource, issuer: string, caller: Caller, use: TokenUse, nowMs: number): Promise<CitizenToken> {
  const audience = use === 'own_rooms' ? ownRoomsAudience : caller.id;
  try {
    return await verifyCitizenToken(token, keys, { issuer, audience, thumbprint: caller.thumbprint }, nowMs);
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw new Refused('token.keys_unavailable', 'unknown_outcome');
    const misused = error.code === 'token.foreign_audience' || error.code === 'token.other_certificate';
    throw misused && error.tokenId !== undefined ? new TokenMisuse(error.code, error.tokenId) : error;
  }
}

/** For the services that are not authentication: its key set says whether the token is ours, an rpc whether its session still lives. */
export function remoteTokenGuard(keys: TokenKeySource, issuer: string, authentication: Pick<RpcClient<typeof AuthenticationServiceService>, 'introspectToken'>, clock: Clock): TokenGuard {
  return {
    async check(token, caller, use, _rpc, deadlineMs) {
      const shown = await verifyShownToken(token, keys, issuer, caller, use, clock.nowMs());
      const known = await authentication.introspectToken({ token, certificateThumbprint: caller.thumbprint }, { deadlineMs, timeoutMs: 5000 });
      if (!known.active || known.subject !== shown.subject) throw new Refused('token.session_ended', 'unauthenticated');
      return { subject: shown.subject, sessionId: shown.sessionId, level: shown.level, tokenId: shown.tokenId };
    },
  };
}
