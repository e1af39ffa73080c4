import type { IssueActivationCodeReply, IssueActivationCodeRequest } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { refuse } from '../domain/authentication.refusals.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { streams } from '../domain/streams.js';
import { id } from '../fields.js';
import { eventOf, write } from '../log/authentication-log.js';
import { aboutCitizen } from '../log/envelopes.js';
import { secretsStillTold } from '../log/repeatable.js';
import { activationCodeFrom, verifierOf } from '../domain/activation-code.js';

const lifetimeMs = 14 * 24 * 3_600_000;
const request = z.object({ citizenId: id });

/** The letter. Its code follows from the call, so the same call within five minutes writes the same letter. */
export async function issueActivationCode(
  { citizens, clock, directory, ids, log, secrets, vault }: Authentication,
  wire: IssueActivationCodeRequest,
  call: Call,
): Promise<IssueActivationCodeReply> {
  const { citizenId } = parseRequest(request, wire);
  const context = call.context();
  const code = activationCodeFrom(secrets.bytesOf('activation-code', context.commandId));
  const handled = (await log.first(context)) ?? (await issue());
  const issued = eventOf(handled, 'ActivationCodeIssued')!;
  // The letter must be found as soon as it is in anybody's hands.
  await directory.caughtUp(issued.position, call.deadlineMs);
  call.wrotePosition(handled.position);
  const { activationId, expiresAtMs } = issued.event;
  return { activationId, activationCode: secretsStillTold(handled, clock) ? code : '', expiresAt: new Date(expiresAtMs) };

  async function issue() {
    const { proof, status } = await citizens.known(citizenId, call.deadlineMs, (citizen) => citizen.status === 'active' && citizen.proof >= AssuranceLevel.LOW);
    citizens.refuseUnlessOpen(status);
    if (proof < AssuranceLevel.LOW) throw refuse('citizen.not_proved');
    const verifierId = await vault.put(citizenId, 'verifier', verifierOf(code), call.deadlineMs);
    return log.handle(context, [
      write({
        stream: streams.authenticators(citizenId),
        decider: authenticators,
        command: { type: 'IssueActivationCode', citizenId, activationId: ids.newId(), verifierId, expiresAtMs: clock.nowMs() + lifetimeMs },
        envelope: () => aboutCitizen(citizenId, actorOf(call.caller)),
      }),
    ]);
  }
}
