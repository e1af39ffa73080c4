import { handle, occurredAtMs } from '@tillid/eventsourcing';
import { actorOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { readDetails } from '../details/citizen-details.js';
import { attributeValues } from '../domain/attributes.js';
import { citizenRead } from '../domain/one-shot.deciders.js';
import { citizenReadStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { attributesShape, citizenIdShape, legalBasisShape, purposeShape } from '../request-shapes.js';
import { registeredCitizen } from '../stored-state.js';

const requestShape = z.object({ citizenId: citizenIdShape, attributes: attributesShape, basis: legalBasisShape, purpose: purposeShape });

/** How long a reply with values is given again to the same call. */
const repeatableMs = 5 * 60_000;

/**
 * Recorded before it is answered. The reply is never stored: a retry reads the vault again, for the attributes and the
 * instant the first read was recorded with. After a few minutes it hears everything but the values: repeating an old call
 * must not become a way to read a citizen for ever on one record. After an erasure there are none to say.
 */
export function readCitizen(parts: IdentityParts): IdentityHandlers['readCitizen'] {
  return async (request, call) => {
    const { citizenId, attributes, basis, purpose } = parseRequest(requestShape, request);
    const { state } = await registeredCitizen(parts.log, citizenId);
    const details = await readDetails(parts, citizenId, state);
    const held = details ? attributeValues(details, attributes, parts.clock.nowMs()).map(({ name }) => name) : [];
    const readId = parts.ids.newId();
    const envelope = () => ({ subject: citizenId, actor: actorOf(call.caller), authority: { basis, purpose } });
    const { events, position } = await handle(parts.log, call.context(), [
      { stream: citizenReadStream(readId), decider: citizenRead, command: { citizenId, readId, attributes: held }, envelope },
    ]);
    call.wrotePosition(position);
    const read = events[0]!;
    const asOf = await registeredCitizen(parts.log, citizenId, read.position);
    const tellsValues = details && parts.clock.nowMs() < occurredAtMs(read) + repeatableMs;
    return {
      attributes: tellsValues ? attributeValues(details, read.event.attributes, occurredAtMs(read)) : [],
      level: asOf.state.level,
      status: asOf.state.status,
      registeredAt: new Date(asOf.registeredAtMs),
    };
  };
}
