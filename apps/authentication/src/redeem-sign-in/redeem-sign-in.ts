import type { RedeemSignInReply, RedeemSignInRequest } from '@tillid/contracts/authentication/v1/service';
import { base32, ownRoomsAudience } from '@tillid/crypto';
import { type Handled, occurredAtMs } from '@tillid/eventsourcing';
import { actorOf, type Call, type CommandContext, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { refuse } from '../domain/authentication.refusals.js';
import { session } from '../domain/session.decider.js';
import { signIn } from '../domain/sign-in.decider.js';
import { streams } from '../domain/streams.js';
import { id, secret } from '../fields.js';
import { eventOf, type LoggedEvent, write } from '../log/authentication-log.js';
import { atClient, bySystem } from '../log/envelopes.js';
import { secretsStillTold } from '../log/repeatable.js';
import type { OpenSignIn, SignInCitizen } from '../sign-ins/open-sign-ins.js';
import { abandonInRecord, whyNoLongerGood } from '../sign-ins/still-good.js';

const request = z.object({ signInId: id, signInSecret: secret });

/** To the beginner, and nobody else. The token is made from the events, so a retry within five minutes gets one that says the same. */
export async function redeemSignIn(service: Authentication, wire: RedeemSignInRequest, call: Call): Promise<RedeemSignInReply> {
  const { signInId, signInSecret } = parseRequest(request, wire);
  const { clock, log, signIns } = service;
  const entry = await signIns.ofBeginner(call.caller, signInId, signInSecret);
  const context = call.context();
  const first = await log.first(context);
  if (first && !secretsStillTold(first, clock)) throw refuse('sign_in.redeemed');
  const state = await log.state(signIn, streams.signIn(signInId));
  if (entry.abandoned || state.status === 'abandoned') throw refuse('sign_in.abandoned');
  const { citizen } = entry;
  if (!citizen || (state.status !== 'completed' && state.status !== 'redeemed')) throw refuse('sign_in.not_completed');

  await refuseIfNoLongerGood(service, entry, citizen, call);
  const handled = first ?? (await start(service, entry, citizen, state.level ?? 0, call, context));
  call.wrotePosition(handled.position);
  // The citizen may have been blocked between the look above and the append. Whoever ends sessions then reads the log
  // after the block; whoever starts one looks at the block after the append: one of the two always sees the other.
  await endIfNoLongerGood(service, citizen, handled, call);
  if (!handled.repeated) signIns.closed(entry);
  return reply(service, citizen, handled, call, context);
}

async function refuseIfNoLongerGood(service: Authentication, entry: OpenSignIn, citizen: SignInCitizen, call: Call): Promise<void> {
  service.citizens.refuseUnlessOpen((await service.citizens.now(citizen.citizenId)).status);
  const why = await whyNoLongerGood(service, citizen);
  if (!why) return;
  const { status } = await service.log.state(signIn, streams.signIn(entry.signInId));
  if (status === 'started') await abandonInRecord(service, entry, citizen.pseudonym, why, call);
  throw refuse('sign_in.abandoned');
}

function start({ clock, ids, limits, log }: Authentication, { beginner, signInId }: OpenSignIn, { pseudonym }: SignInCitizen, level: number, call: Call, context: CommandContext): Promise<Handled<LoggedEvent>> {
  const sessionId = ids.newId();
  const actor = beginner.kind === 'citizen_agent' ? undefined : actorOf(call.caller);
  const envelope = () => atClient(beginner.id, pseudonym, actor);
  return log.handle(context, [
    write({ stream: streams.signIn(signInId), decider: signIn, command: { type: 'Redeem', signInId, sessionId }, envelope }),
    write({
      stream: streams.session(sessionId),
      decider: session,
      command: { type: 'StartSession', sessionId, signInId, level, expiresAtMs: clock.nowMs() + limits.sessionLifetimeMs },
      envelope,
    }),
  ]);
}

async function endIfNoLongerGood(service: Authentication, citizen: SignInCitizen, handled: Handled<LoggedEvent>, call: Call): Promise<void> {
  const why = await whyNoLongerGood(service, citizen);
  if (!why) return;
  const { event, envelope } = eventOf(handled, 'SessionStarted')!;
  const { sessionId } = event;
  await service.log.handle(call.context('end'), [
    write({
      stream: streams.session(sessionId),
      decider: session,
      command: { type: 'EndSession', sessionId, reason: why === 'citizen_blocked' ? 'citizen_blocked' : 'password_changed', nowMs: service.clock.nowMs() },
      envelope: () => atClient(envelope.clientId, envelope.subject, bySystem),
    }),
  ]);
  service.citizens.refuseUnlessOpen((await service.citizens.now(citizen.citizenId)).status);
  throw refuse('sign_in.abandoned');
}

async function reply({ secrets, tokens }: Authentication, citizen: SignInCitizen, handled: Handled<LoggedEvent>, call: Call, { commandId }: CommandContext): Promise<RedeemSignInReply> {
  const started = eventOf(handled, 'SessionStarted')!;
  const { expiresAtMs: sessionExpiresAtMs, level, sessionId } = started.event;
  // A citizen agent that signs a citizen in for itself opens the citizen's own rooms; anyone else gets a pseudonym.
  const ownRooms = call.caller.kind === 'citizen_agent';
  const subject = ownRooms ? citizen.citizenId : citizen.pseudonym;
  const audience = ownRooms ? ownRoomsAudience : call.caller.id;
  const tokenId = base32(secrets.bytesOf('token-id', commandId).subarray(0, 16));
  const { thumbprint } = call.caller;
  const { token, expiresAtMs } = await tokens.issue({ audience, subject, sessionId, level, thumbprint, tokenId, sessionExpiresAtMs }, occurredAtMs(started));
  return { token, subject, sessionId, level, expiresAt: new Date(expiresAtMs) };
}
