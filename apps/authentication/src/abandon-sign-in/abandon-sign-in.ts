import type { AbandonSignInReply, AbandonSignInRequest } from '@tillid/contracts/authentication/v1/service';
import { contextForClient } from '@tillid/eventsourcing';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { signIn } from '../domain/sign-in.decider.js';
import { streams } from '../domain/streams.js';
import { id, secret } from '../fields.js';
import { write } from '../log/authentication-log.js';
import { signInEnvelope } from '../log/envelopes.js';

const request = z.object({ signInId: id, secret });

/** Either side may give it up. The record first: a crash before the entry is marked leaves a sign-in that the record ends. */
export async function abandonSignIn({ log, signIns }: Authentication, wire: AbandonSignInRequest, call: Call): Promise<AbandonSignInReply> {
  const { signInId, secret: shown } = parseRequest(request, wire);
  const { entry, by } = await signIns.ofEither(call.caller, signInId, shown);
  const { id: clientId } = entry.beginner;
  const pseudonym = entry.citizen?.pseudonym;
  const actor = by === 'client' ? actorOf(call.caller) : undefined;
  const { events, position } = await log.handle(contextForClient(call.context(), clientId), [
    write({
      stream: streams.signIn(signInId),
      decider: signIn,
      command: { type: 'Abandon', signInId, reason: by === 'client' ? 'by_client' : 'by_citizen' },
      envelope: signInEnvelope(clientId, pseudonym, actor),
    }),
  ]);
  if (events.length > 0) call.wrotePosition(position);
  await signIns.abandon(entry);
  return {};
}
