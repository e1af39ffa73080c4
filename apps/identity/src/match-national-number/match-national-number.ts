import { constantTimeEqual } from '@tillid/crypto';
import { handle } from '@tillid/eventsourcing';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { nationalNumberHmac } from '../details/national-number-hmac.js';
import { refuse } from '../domain/identity.refusals.js';
import { nationalNumberMatches } from '../domain/national-number-matches.decider.js';
import { nationalNumberMatchesStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { purposeShape } from '../request-shapes.js';
import { registeredCitizen, wasHandled } from '../stored-state.js';

const requestShape = z.object({
  subject: z.string().regex(/^[a-z2-7]{26}$/),
  // Whether its date exists does not matter here: one that is nobody's simply does not match.
  nationalNumber: z.string().regex(/^\d{6}-?\d{4}$/),
  purpose: purposeShape,
});

/** Yes or no, never the number. The vault is not opened: HMACs are compared, in constant time. */
export function matchNationalNumber(parts: IdentityParts): IdentityHandlers['matchNationalNumber'] {
  return async (request, call) => {
    const { subject, nationalNumber, purpose } = parseRequest(requestShape, request);
    const context = call.context();
    const matched = (await wasHandled(parts.log, context)) ? false : await isNumberOf(parts, subject, nationalNumber, call);
    const command = { matchId: parts.ids.newId(), matched, nowMs: parts.clock.nowMs() };
    const envelope = () => ({ subject, clientId: call.caller.id, actor: actorOf(call.caller), authority: { basis: '', purpose } });
    const { events, position } = await handle(parts.log, context, [
      { stream: nationalNumberMatchesStream(subject), decider: nationalNumberMatches, command, envelope },
    ]);
    call.wrotePosition(position);
    return { matched: events[0]!.event.matched };
  };
}

async function isNumberOf(parts: IdentityParts, pseudonym: string, nationalNumber: string, call: Call): Promise<boolean> {
  const citizenId = await parts.subjects.citizenOf(pseudonym, call.caller.id, call);
  if (!citizenId) throw refuse('identity.subject_unknown');
  const { state } = await registeredCitizen(parts.log, citizenId);
  // After an erasure the HMAC still holds the number, but nobody may learn from it any more.
  const key = await parts.keyRing.records.get(citizenId);
  if (!key?.wrappedKey) throw refuse('identity.subject_unknown');
  return constantTimeEqual(nationalNumberHmac(parts.nationalNumberSecret, nationalNumber.replace('-', '')), state.nationalNumberHmac);
}
