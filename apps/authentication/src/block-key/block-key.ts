import type { BlockKeyReply, BlockKeyRequest } from '@tillid/contracts/authentication/v1/service';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { streams } from '../domain/streams.js';
import { id } from '../fields.js';
import { write } from '../log/authentication-log.js';
import { aboutCitizen } from '../log/envelopes.js';

const reason = z.enum(['own_wish', 'reported_stolen']);
const byOfficial = z.object({ citizenId: id, reason });
const byCitizen = z.object({ citizenId: z.literal(''), reason });

/** Sessions and devices end with it, by what follows the event (after-key-events). */
export async function blockKey({ log }: Authentication, wire: BlockKeyRequest, call: Call): Promise<BlockKeyReply> {
  const official = call.caller.kind === 'official';
  const wanted = parseRequest(official ? byOfficial : byCitizen, wire);
  const citizenId = official ? wanted.citizenId : (await call.requireCitizen()).subject;
  const { position } = await log.handle(call.context(), [
    write({
      stream: streams.authenticators(citizenId),
      decider: authenticators,
      command: { type: 'BlockKey', citizenId, reason: wanted.reason },
      envelope: () => (official ? aboutCitizen(citizenId, actorOf(call.caller)) : aboutCitizen(citizenId)),
    }),
  ]);
  call.wrotePosition(position);
  return {};
}
