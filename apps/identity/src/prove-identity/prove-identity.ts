import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { handle } from '@tillid/eventsourcing';
import { actorOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { citizen } from '../domain/citizen.decider.js';
import { evidenceKinds } from '../domain/identity-proof.js';
import { citizenStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { citizenIdShape } from '../request-shapes.js';
import { registeredCitizen } from '../stored-state.js';

const requestShape = z.object({
  citizenId: citizenIdShape,
  level: z.literal([AssuranceLevel.LOW, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.HIGH]),
  evidenceKind: z.enum(evidenceKinds),
});

export function proveIdentity({ log, ids }: IdentityParts): IdentityHandlers['proveIdentity'] {
  return async (request, call) => {
    const { citizenId, level, evidenceKind } = parseRequest(requestShape, request);
    const command = { type: 'ProveIdentity', citizenId, proofId: ids.newId(), level, evidenceKind, officialId: call.caller.id } as const;
    const envelope = () => ({ subject: citizenId, actor: actorOf(call.caller) });
    const { events, position } = await handle(log, call.context(), [{ stream: citizenStream(citizenId), decider: citizen, command, envelope }]);
    call.wrotePosition(position);
    const { event, position: at } = events[0]!;
    // The level as it stood then: a retry after later proofs still gets the first answer.
    const { state } = await registeredCitizen(log, citizenId, at);
    return { proved: event.type === 'IdentityProved', level: state.level };
  };
}
