import { handle } from '@tillid/eventsourcing';
import { actorOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { putDetails } from '../details/citizen-details.js';
import { nationalNumberHmac } from '../details/national-number-hmac.js';
import { attributesHeld, type CitizenDetails } from '../domain/attributes.js';
import { citizenKey } from '../domain/citizen-key.decider.js';
import { citizen } from '../domain/citizen.decider.js';
import { danishDate } from '../domain/danish-date.js';
import { refuse } from '../domain/identity.refusals.js';
import { parseNationalNumber } from '../domain/national-number.js';
import { citizenKeyStream, citizenStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { emptyOr, lineShape } from '../request-shapes.js';
import { wasHandled } from '../stored-state.js';

const requestShape = z.object({
  details: z.object({
    nationalNumber: z.string().max(20),
    firstName: lineShape(100),
    lastName: lineShape(100),
    address: emptyOr(lineShape(200)),
    email: emptyOr(z.email().max(254)),
  }),
});

/**
 * Key, value, event, in this order: an event always names a value that is there and opens. A crash in between, or a
 * number that is taken, leaves a key and a value that no event names; the sweep takes both away after a day.
 */
export function registerCitizen(parts: IdentityParts): IdentityHandlers['registerCitizen'] {
  return async (request, call) => {
    const { nationalNumber, ...names } = parseRequest(requestShape, request).details;
    const parsed = parseNationalNumber(nationalNumber, danishDate(parts.clock.nowMs()));
    if (!parsed) throw refuse('identity.national_number_invalid');
    const context = call.context();
    const citizenId = parts.ids.newId();
    // A retry of what is registered already has no use for another key and value; `handle` gives its first answer.
    const detailsId = (await wasHandled(parts.log, context)) ? '' : await keepDetails(parts, citizenId, { nationalNumber: parsed.digits, ...names });
    const command = {
      type: 'RegisterCitizen',
      citizenId,
      detailsId,
      nationalNumberHmac: nationalNumberHmac(parts.nationalNumberSecret, parsed.digits),
      attributes: attributesHeld({ nationalNumber: parsed.digits, ...names }, parts.clock.nowMs()),
    } as const;
    const envelope = () => ({ subject: citizenId, actor: actorOf(call.caller) });
    const { events, position } = await handle(parts.log, context, [
      { stream: citizenStream(citizenId), decider: citizen, command, envelope },
      { stream: citizenKeyStream(citizenId), decider: citizenKey, command: { type: 'CreateKey', citizenId }, envelope },
    ]);
    call.wrotePosition(position);
    const registered = events[0]!.event.citizenId;
    // A crash before this leaves the mark to the sweep, which asks the log.
    await parts.keyRing.records.markNamed([registered]);
    return { citizenId: registered };
  };
}

async function keepDetails(parts: IdentityParts, citizenId: string, details: CitizenDetails): Promise<string> {
  const key = await parts.keyRing.create(citizenId);
  return putDetails(parts, citizenId, key, details);
}
