import { ownRoomsAudience, TokenRefused } from '@tillid/crypto';
import { Refused } from '@tillid/kernel';
import { TokenMisuse, type TokenGuard } from '@tillid/service';
import type { Authentication } from '../authentication.js';
import { misusedTokenId, sessionStillOpen } from './shown-token.js';

/** Authentication asks nobody: it has the keys, the sessions, and the record of misuse. */
export function ownTokenGuard(service: Authentication): TokenGuard {
  return {
    async check(token, caller, use) {
      const audience = use === 'own_rooms' ? ownRoomsAudience : caller.id;
      try {
        const shown = await service.tokens.verify(token, { audience, thumbprint: caller.thumbprint });
        if (!(await sessionStillOpen(service, shown, ownRoomsAudience))) throw new Refused('token.session_ended', 'unauthenticated');
        const { level, sessionId, subject, tokenId } = shown;
        return { level, sessionId, subject, tokenId };
      } catch (error) {
        const tokenId = misusedTokenId(error);
        throw tokenId === undefined ? error : new TokenMisuse((error as TokenRefused).code, tokenId);
      }
    },
    recordMisuse: (misuse) => service.misuse.record(misuse),
  };
}
