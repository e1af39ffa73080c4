import type { IntrospectTokenReply, IntrospectTokenRequest } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { type CitizenToken, ownRoomsAudience, tokenLengthMax, TokenRefused } from '@tillid/crypto';
import { type Call, parseRequest } from '@tillid/service';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { misusedTokenId, sessionStillOpen } from '../tokens/shown-token.js';

const request = z.object({ token: z.string().min(1).max(tokenLengthMax), certificateThumbprint: z.string().max(100) });
const inactive: IntrospectTokenReply = { active: false, subject: '', sessionId: '', level: AssuranceLevel.UNSPECIFIED, expiresAt: undefined };

/** Not active is an answer, not a refusal; a token of ours in the wrong hands is recorded as well. */
export async function introspectToken(service: Authentication, wire: IntrospectTokenRequest, call: Call): Promise<IntrospectTokenReply> {
  const { token, certificateThumbprint } = parseRequest(request, wire);
  const shown = await check(service, token, certificateThumbprint, call);
  if (!shown || !(await sessionStillOpen(service, shown, ownRoomsAudience))) return inactive;
  const { expiresAtMs, level, sessionId, subject } = shown;
  return { active: true, subject, sessionId, level, expiresAt: new Date(expiresAtMs) };
}

async function check(service: Authentication, token: string, certificateThumbprint: string, call: Call): Promise<CitizenToken | undefined> {
  const { caller } = call;
  // A service asks for someone who showed it the token; it has looked at the audience itself. Others ask for themselves.
  const expected =
    caller.kind === 'service'
      ? { audience: claimedAudience(token), thumbprint: certificateThumbprint }
      : { audience: caller.kind === 'citizen_agent' ? ownRoomsAudience : caller.id, thumbprint: caller.thumbprint };
  try {
    return await service.tokens.verify(token, expected);
  } catch (error) {
    const tokenId = misusedTokenId(error);
    if (tokenId !== undefined && caller.kind !== 'service') await call.recordRefusal((error as TokenRefused).code, { tokenId });
    if (error instanceof TokenRefused) return undefined;
    throw error;
  }
}

function claimedAudience(token: string): string {
  try {
    const { aud } = decodeJwt(token);
    return typeof aud === 'string' ? aud : '';
  } catch {
    return '';
  }
}
