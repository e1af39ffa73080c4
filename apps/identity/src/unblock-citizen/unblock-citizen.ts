import { handle } from '@tillid/eventsourcing';
import { actorOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { citizen } from '../domain/citizen.decider.js';
import { citizenStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { citizenIdShape } from '../request-shapes.js';

const requestShape = z.object({ citizenId: citizenIdShape });

export function unblockCitizen({ log }: IdentityParts): IdentityHandlers['unblockCitizen'] {
  return async (request, call) => {
    const { citizenId } = parseRequest(requestShape, request);
    const command = { type: 'UnblockCitizen', citizenId } as const;
    const envelope = () => ({ subject: citizenId, actor: actorOf(call.caller) });
    const { position } = await handle(log, call.context(), [{ stream: citizenStream(citizenId), decider: citizen, command, envelope }]);
    call.wrotePosition(position);
    return {};
  };
}
