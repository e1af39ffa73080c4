import { handle } from '@tillid/eventsourcing';
import { actorOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { citizen } from '../domain/citizen.decider.js';
import { citizenStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { citizenIdShape } from '../request-shapes.js';

const requestShape = z.object({ citizenId: citizenIdShape, reason: z.enum(['reported_stolen', 'suspected_misuse', 'authority_order', 'own_wish']) });

/** Authentication hears of it by our feed: no sign-in from then on, and open sessions end. */
export function blockCitizen({ log }: IdentityParts): IdentityHandlers['blockCitizen'] {
  return async (request, call) => {
    const { citizenId, reason } = parseRequest(requestShape, request);
    const command = { type: 'BlockCitizen', citizenId, reason } as const;
    const envelope = () => ({ subject: citizenId, actor: actorOf(call.caller) });
    const { position } = await handle(log, call.context(), [{ stream: citizenStream(citizenId), decider: citizen, command, envelope }]);
    call.wrotePosition(position);
    return {};
  };
}
