import type { SubmitPasswordReply, SubmitPasswordRequest } from '@tillid/contracts/authentication/v1/service';
import { contextForClient, type Handled, occurredAtMs } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { codeToAsk } from '../code-cards/code-cards.js';
import { refuse } from '../domain/authentication.refusals.js';
import { printedNumber } from '../domain/code-card.codes.js';
import { expectsFactor, signIn, type SignInCommand } from '../domain/sign-in.decider.js';
import { streams } from '../domain/streams.js';
import { id, secret, typed } from '../fields.js';
import { eventOf, type LoggedEvent, write } from '../log/authentication-log.js';
import { signInEnvelope } from '../log/envelopes.js';
import { type OpenSignIn, type SignInCitizen, signInLifetimeMs } from '../sign-ins/open-sign-ins.js';
import { abandonInRecord } from '../sign-ins/still-good.js';
import { lineOf } from '../sign-ins/try-pools.js';
import type { Holder } from '../user-ids/user-ids.js';
import { decodePasswordRecord } from '../vault/password-record.js';

const request = z.object({ signInId: id, agentSecret: secret, userId: typed, password: typed, deviceSecret: secret });
type TakenSignIn = OpenSignIn & { readonly agent: { readonly id: string } };

/**
 * The same steps for everyone: throttle, reads, key, hash, append. Whether nobody has the user id, or the password is
 * wrong, only decides which of two equal things each step works on, and is not told.
 */
export async function submitPassword(service: Authentication, wire: SubmitPasswordRequest, call: Call): Promise<SubmitPasswordReply> {
  const { signInId, agentSecret, userId, password, deviceSecret } = parseRequest(request, wire);
  const { devices, hashes, log, signIns, tries, userIds } = service;
  const entry = await signIns.ofAgent(call.caller, signInId, agentSecret);
  const context = contextForClient(call.context(), entry.beginner.id);
  const holder = await userIds.holderOf(userId);
  const device = await devices.find(holder.citizenId, deviceSecret);
  const guesser = { account: holder.account, ...(device !== undefined && { device }) };

  const fits = async () => hashes.fits(lineOf(guesser), password, await passwordHashOf(service, holder, call.deadlineMs));
  const first = await log.first(context);
  if (first) {
    if (identityLost(entry, first) && !(begunBefore(entry, first) && (await fits()))) throw refuse('sign_in.abandoned');
    return answer(service, entry, holder, device, first, call);
  }

  expectsFactor('password', await log.state(signIn, streams.signIn(signInId)));
  const right = await tries.guess('password', guesser, fits);
  const handled = await record(service, entry, holder, right, context);
  call.wrotePosition(handled.position);
  if (right) await tries.reset('password', guesser);
  return answer(service, entry, holder, device, handled, call);
}

/** Fetches a key and looks into the vault for a citizen made up, too: and finds nothing. */
async function passwordHashOf({ vault }: Authentication, { citizenId, exists, keys }: Holder, deadlineMs: number): Promise<string | undefined> {
  try {
    const record = await vault.get(citizenId, keys.passwordId ?? `${citizenId}.password.none`, deadlineMs);
    return exists && record ? decodePasswordRecord(record).hash : undefined;
  } catch (error) {
    // Erased: nothing here opens any more, and that is nobody's business.
    if (error instanceof Refused && error.code === 'key_ring.key_destroyed') return undefined;
    throw error;
  }
}

async function record({ citizens, log, pseudonyms }: Authentication, entry: TakenSignIn, { citizenId, exists }: Holder, right: boolean, context: ReturnType<Call['context']>) {
  const { agent, asked, beginner, signInId } = entry;
  const { open, proof } = await citizens.now(citizenId);
  const command: SignInCommand = right
    ? { type: 'AcceptPassword', signInId, agentId: agent.id, asked, proof, citizenOpen: open }
    : { type: 'RefuseFactor', signInId, agentId: agent.id, factor: 'password' };
  const pseudonym = pseudonyms.of(citizenId, beginner.id);
  // Linked in the same commit as the first event that names it; a citizen made up is named nowhere.
  return log.handle(context, [
    ...(exists ? [pseudonyms.link(citizenId, beginner.id)] : []),
    write({ stream: streams.signIn(signInId), decider: signIn, command, envelope: signInEnvelope(beginner.id, exists ? pseudonym : undefined) }),
  ]);
}

/**
 * Accepted, and who it was is not in the entry: a crash left it out, or the sign-in was begun again under its old key
 * after its five minutes. What was accepted in another life of it counts for nothing, nor does a password changed since.
 */
function identityLost({ citizen }: OpenSignIn, first: Handled<LoggedEvent>): boolean {
  return citizen === undefined && eventOf(first, 'FactorAccepted') !== undefined;
}

function begunBefore({ expiresAtMs }: OpenSignIn, { events: [first] }: Handled<LoggedEvent>): boolean {
  return first !== undefined && occurredAtMs(first) >= expiresAtMs - signInLifetimeMs;
}

/** From the events alone, and so the same for a retry; who it is goes into the sign-in's entry, again if a crash left it out. */
async function answer(service: Authentication, entry: TakenSignIn, holder: Holder, device: string | undefined, handled: Handled<LoggedEvent>, call: Call): Promise<SubmitPasswordReply> {
  if (eventOf(handled, 'FactorRefused')) throw refuse('sign_in.factor_refused');
  if (eventOf(handled, 'SignInAbandoned')) throw refuse('sign_in.abandoned');
  const completed = eventOf(handled, 'SignInCompleted') !== undefined;
  const { code, pseudonym } = entry.citizen ?? (await identify(service, entry, holder, device, completed, call));
  if (!completed && !code) {
    // The last code was used and the next card never collected: only a new activation helps.
    await abandonInRecord(service, entry, pseudonym, 'no_codes_left', call);
    throw refuse('sign_in.abandoned');
  }
  return { codeNumber: code ? printedNumber(code.number) : '', completed };
}

async function identify(service: Authentication, { beginner, signInId }: OpenSignIn, { account, citizenId, keys }: Holder, device: string | undefined, completed: boolean, call: Call): Promise<SignInCitizen> {
  const code = completed ? undefined : await codeToAsk(service, citizenId, keys, call.deadlineMs);
  const pseudonym = service.pseudonyms.of(citizenId, beginner.id);
  const citizen = { citizenId, pseudonym, account, generation: keys.generation, ...(device !== undefined && { device }), ...(code && { code }) };
  await service.signIns.identified(signInId, citizen);
  return citizen;
}
