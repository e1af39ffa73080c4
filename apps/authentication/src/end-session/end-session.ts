import type { EndSessionReply, EndSessionRequest } from '@tillid/contracts/authentication/v1/service';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { refuse } from '../domain/authentication.refusals.js';
import { session } from '../domain/session.decider.js';
import { streams } from '../domain/streams.js';
import { id } from '../fields.js';
import { write } from '../log/authentication-log.js';
import { atClient } from '../log/envelopes.js';

const request = z.object({ sessionId: id });

/** A relying service ends its own, a citizen any of theirs; somebody else's is as unknown as none. */
export async function endSession(service: Authentication, wire: EndSessionRequest, call: Call): Promise<EndSessionReply> {
  const { sessionId } = parseRequest(request, wire);
  const { clock, log, pseudonyms } = service;
  const byCitizen = call.caller.kind === 'citizen_agent';
  const citizenId = byCitizen ? (await call.requireCitizen()).subject : undefined;
  const started = await log.beginning(streams.session(sessionId));
  if (!started) throw refuse('session.unknown');
  const { clientId, subject } = started.envelope;
  const owned = citizenId === undefined ? clientId === call.caller.id : pseudonyms.of(citizenId, clientId) === subject;
  if (!owned) throw refuse('session.unknown');

  const { position } = await log.handle(call.context(), [
    write({
      stream: streams.session(sessionId),
      decider: session,
      command: { type: 'EndSession', sessionId, reason: byCitizen ? 'by_citizen' : 'by_client', nowMs: clock.nowMs() },
      envelope: () => atClient(clientId, subject, byCitizen ? undefined : actorOf(call.caller)),
    }),
  ]);
  call.wrotePosition(position);
  return {};
}
