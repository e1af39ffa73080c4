import type { LinkSubjectReply, LinkSubjectRequest } from '@tillid/contracts/authentication/v1/service';
import { type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { id } from '../fields.js';

const request = z.object({ citizenId: id, clientId: id });

/** Recorded before it is answered: whoever reads our feed up to the answer's position can join the pseudonym. */
export async function linkSubject({ citizens, clients, log, pseudonyms }: Authentication, wire: LinkSubjectRequest, call: Call): Promise<LinkSubjectReply> {
  const { citizenId, clientId } = parseRequest(request, wire);
  await clients.registered(clientId);
  await citizens.known(citizenId, call.deadlineMs);
  const { position } = await log.handle(call.contextOf('link-subject', citizenId, clientId), [pseudonyms.link(citizenId, clientId)]);
  call.wrotePosition(position);
  return { pseudonym: pseudonyms.of(citizenId, clientId) };
}
