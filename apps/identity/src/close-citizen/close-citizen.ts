import { handle } from '@tillid/eventsourcing';
import { actorOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { citizenKey } from '../domain/citizen-key.decider.js';
import { citizen } from '../domain/citizen.decider.js';
import { citizenKeyStream, citizenStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { erase } from '../key-ring/erasures.js';
import { citizenIdShape } from '../request-shapes.js';

const requestShape = z.object({ citizenId: citizenIdShape, reason: z.enum(['death', 'emigration', 'own_wish', 'registered_in_error']), destroyKey: z.boolean() });

/**
 * The record first, then the act. Were the key destroyed first, a crash would leave an erasure nobody recorded, which
 * a restored backup would undo without anyone knowing. This way a crash leaves a key that the log says is gone: this
 * same call repeated, or the next start before it serves (erasures.ts), takes it away.
 */
export function closeCitizen(parts: IdentityParts): IdentityHandlers['closeCitizen'] {
  return async (request, call) => {
    const { citizenId, reason, destroyKey } = parseRequest(requestShape, request);
    const envelope = () => ({ subject: citizenId, actor: actorOf(call.caller) });
    const close = { stream: citizenStream(citizenId), decider: citizen, command: { type: 'CloseCitizen', citizenId, reason, destroyKey }, envelope } as const;
    const destroy = { stream: citizenKeyStream(citizenId), decider: citizenKey, command: { type: 'DestroyKey', citizenId }, envelope } as const;
    const context = call.context();
    const { events, position } = await (destroyKey ? handle(parts.log, context, [close, destroy]) : handle(parts.log, context, [close]));
    if (destroyKey && events.length > 0) await erase(parts, citizenId);
    call.wrotePosition(position);
    return {};
  };
}
