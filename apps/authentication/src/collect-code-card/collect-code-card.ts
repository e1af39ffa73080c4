import type { CollectCodeCardReply, CollectCodeCardRequest } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { type Call, citizenOf } from '@tillid/service';
import type { Authentication } from '../authentication.js';
import { printedCard } from '../code-cards/code-cards.js';
import { refuseCall } from '../domain/authentication.refusals.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { streams } from '../domain/streams.js';
import { eventOf, write } from '../log/authentication-log.js';
import { aboutCitizen } from '../log/envelopes.js';
import { secretsStillTold } from '../log/repeatable.js';

/** Only with a code can one have more codes: a password alone must never become a card. */
export async function collectCodeCard(service: Authentication, _wire: CollectCodeCardRequest, call: Call): Promise<CollectCodeCardReply> {
  const { clock, log } = service;
  const { subject: citizenId, level } = citizenOf(call);
  if (level < AssuranceLevel.SUBSTANTIAL) throw refuseCall('call.not_allowed');
  const stream = streams.authenticators(citizenId);
  const handled = await log.handle(call.context(), [
    write({ stream, decider: authenticators, command: { type: 'CollectCodeCard', citizenId }, envelope: () => aboutCitizen(citizenId) }),
  ]);
  call.wrotePosition(handled.position);
  const { cardId } = eventOf(handled, 'CodeCardCollected')!.event;
  const { cardInUse } = await log.state(authenticators, stream);
  // A late retry may come after yet another card: this one's codes are gone by then.
  if (cardInUse?.cardId !== cardId || !secretsStillTold(handled, clock)) return { card: { cardId, codes: [] } };
  return { card: await printedCard(service, citizenId, cardInUse, call.deadlineMs) };
}
