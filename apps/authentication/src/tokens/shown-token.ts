import { type CitizenToken, TokenRefused } from '@tillid/crypto';
import type { Authentication } from '../authentication.js';
import { session, sessionOpen } from '../domain/session.decider.js';
import { streams } from '../domain/streams.js';

/** A token is only as good as its session and its citizen are now. */
export async function sessionStillOpen({ citizens, clock, log }: Authentication, { sessionId, audience, subject }: CitizenToken, ownRooms: string): Promise<boolean> {
  if (!sessionOpen(await log.state(session, streams.session(sessionId)), clock.nowMs())) return false;
  // By pseudonym the citizen is not known here without a look-up; their sessions end when they are blocked.
  return audience !== ownRooms || (await citizens.now(subject)).open;
}

/** Only a token we signed can be misused; anything else is noise. */
export function misusedTokenId(error: unknown): string | undefined {
  if (!(error instanceof TokenRefused)) return undefined;
  return error.code === 'token.foreign_audience' || error.code === 'token.other_certificate' ? error.tokenId : undefined;
}

