import type { SubmitCodeReply, SubmitCodeRequest } from '@tillid/contracts/authentication/v1/service';
import { constantTimeEqual } from '@tillid/crypto';
import { contextForClient, type Handled } from '@tillid/eventsourcing';
import { type Call, type CommandContext, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { codesOf } from '../code-cards/code-cards.js';
import { refuse } from '../domain/authentication.refusals.js';
import { codeCard, CodeUsedBefore } from '../domain/code-card.decider.js';
import { expectsFactor, signIn } from '../domain/sign-in.decider.js';
import { streams } from '../domain/streams.js';
import { id, secret, typed } from '../fields.js';
import { eventOf, type LoggedEvent, write } from '../log/authentication-log.js';
import { aboutCitizen, signInEnvelope } from '../log/envelopes.js';
import type { OpenSignIn, SignInCitizen } from '../sign-ins/open-sign-ins.js';
import { abandonInRecord, whyNoLongerGood } from '../sign-ins/still-good.js';

const request = z.object({ signInId: id, agentSecret: secret, code: typed });

type Asked = SignInCitizen & { readonly code: NonNullable<SignInCitizen['code']> };
type WithAgent = OpenSignIn & { readonly agent: { readonly id: string } };

/** The code used and the sign-in completed are one commit: neither is ever there without the other. */
export async function submitCode(service: Authentication, wire: SubmitCodeRequest, call: Call): Promise<SubmitCodeReply> {
  const { signInId, agentSecret, code } = parseRequest(request, wire);
  const { log, signIns, tries, vault } = service;
  const entry = await signIns.ofAgent(call.caller, signInId, agentSecret);
  const context = contextForClient(call.context(), entry.beginner.id);
  const first = await log.first(context);
  if (first) return answer(service, entry, context, first);

  expectsFactor('code_card', await log.state(signIn, streams.signIn(signInId)));
  const citizen = entry.citizen;
  if (!hasCode(citizen)) throw refuse('sign_in.out_of_order');
  const ended = await whyNoLongerGood(service, citizen);
  if (ended) {
    await abandonInRecord(service, entry, citizen.pseudonym, ended, call);
    throw refuse('sign_in.abandoned');
  }
  const codes = await tries.guess('code_card', citizen, () => codesOf(vault, citizen.citizenId, citizen.code.codesId, call.deadlineMs));
  const expected = codes.find(({ number }) => number === citizen.code.number)?.key;
  const right = constantTimeEqual(code, expected ?? '') && expected !== undefined;
  const handled = right ? await accept(service, entry, citizen, context) : await refuseCode(service, entry, citizen, context);
  call.wrotePosition(handled.position);
  return answer(service, entry, context, handled);
}

async function accept(service: Authentication, entry: WithAgent, citizen: Asked, context: CommandContext): Promise<Handled<LoggedEvent>> {
  const { citizens, log } = service;
  const { cardId, codes, number } = citizen.code;
  const { proof } = await citizens.now(citizen.citizenId);
  try {
    return await log.handle(context, [
      write({ stream: streams.codeCard(cardId), decider: codeCard, command: { type: 'UseCode', cardId, number, codes }, envelope: () => aboutCitizen(citizen.citizenId) }),
      write({
        stream: streams.signIn(entry.signInId),
        decider: signIn,
        command: { type: 'AcceptCode', signInId: entry.signInId, proof },
        envelope: signInEnvelope(entry.beginner.id, citizen.pseudonym),
      }),
    ]);
  } catch (error) {
    // Another sign-in asked for the same code and was quicker. It is a refused code like any other.
    if (error instanceof CodeUsedBefore) return refuseCode(service, entry, citizen, context);
    throw error;
  }
}

function refuseCode({ log }: Authentication, { agent, beginner, signInId }: WithAgent, { pseudonym }: Asked, context: CommandContext): Promise<Handled<LoggedEvent>> {
  return log.handle(context, [
    write({
      stream: streams.signIn(signInId),
      decider: signIn,
      command: { type: 'RefuseFactor', signInId, agentId: agent.id, factor: 'code_card' },
      envelope: signInEnvelope(beginner.id, pseudonym),
    }),
  ]);
}

/** From the events alone. The device is remembered again on a retry: a crash may have left it out. */
async function answer({ devices, secrets, tries }: Authentication, { citizen }: OpenSignIn, { commandId }: CommandContext, handled: Handled<LoggedEvent>): Promise<SubmitCodeReply> {
  const used = eventOf(handled, 'CodeUsed');
  if (!used || !citizen) throw refuse('sign_in.factor_refused');
  const { account, citizenId, device } = citizen;
  // A whole sign-in, so the failures before it were not in a row with what may follow: strangers' pool opens again too.
  // Once: an agent that repeats its call opens nothing again.
  for (const factor of handled.repeated ? [] : (['password', 'code_card'] as const)) {
    await tries.reset(factor, citizen);
    if (device !== undefined) await tries.reset(factor, { account });
  }
  if (device !== undefined) return { completed: true, deviceSecret: '', codesLeft: used.event.remaining };
  const deviceSecret = secrets.secretOf('device-secret', commandId);
  await devices.remember(citizenId, deviceSecret);
  return { completed: true, deviceSecret, codesLeft: used.event.remaining };
}

function hasCode(citizen: SignInCitizen | undefined): citizen is Asked {
  return citizen?.code !== undefined;
}
