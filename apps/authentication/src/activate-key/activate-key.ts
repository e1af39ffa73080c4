import type { ActivateKeyReply, ActivateKeyRequest } from '@tillid/contracts/authentication/v1/service';
import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import type { Handled } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { makeCard, printedCard } from '../code-cards/code-cards.js';
import { refuse } from '../domain/authentication.refusals.js';
import { activationOpen, authenticators } from '../domain/authenticators.decider.js';
import { passwordTooWeak } from '../domain/password.js';
import { streams } from '../domain/streams.js';
import { userIdFrom } from '../domain/user-id.js';
import { typed } from '../fields.js';
import { fitsVerifier } from '../domain/activation-code.js';
import { eventOf, type LoggedEvent, write } from '../log/authentication-log.js';
import { aboutCitizen } from '../log/envelopes.js';
import { secretsStillTold } from '../log/repeatable.js';
import { encodePasswordRecord } from '../vault/password-record.js';

const request = z.object({ activationId: typed, activationCode: typed, userId: typed, password: typed });

/** From a letter to a key. Sessions of an older key are ended by what follows the event (after-key-events). */
export async function activateKey(service: Authentication, wire: ActivateKeyRequest, call: Call): Promise<ActivateKeyReply> {
  const wanted = parseRequest(request, wire);
  const context = call.context();
  const handled = (await service.log.first(context)) ?? (await activate(service, wanted, call));
  // The letter was wrong, and counted: the same answer however often the call comes.
  const activated = eventOf(handled, 'KeyActivated');
  if (!activated) throw refuse('activation.refused');
  const young = secretsStillTold(handled, service.clock);
  // A crash may have left it out. Later, whoever kept the call could give strangers fresh tries with it for ever.
  if (young) await afterActivation(service, activated.event.userIdHmac.toString('hex'));
  await service.directory.caughtUp(activated.position, call.deadlineMs);
  call.wrotePosition(handled.position);
  const issued = eventOf(handled, 'CodeCardIssued')!.event;
  if (!young) return { card: { cardId: issued.cardId, codes: [] } };
  return { card: await printedCard(service, issued.citizenId, issued, call.deadlineMs) };
}

async function activate(service: Authentication, wanted: z.infer<typeof request>, call: Call): Promise<Handled<LoggedEvent>> {
  const { citizens, clock, directory, hashes, log, tries, userIds, vault } = service;
  const { activationId, activationCode, password } = wanted;
  const userId = userIdFrom(wanted.userId);
  if (userId === undefined) throw refuse('user_id.invalid');
  if (passwordTooWeak(password, userId)) throw refuse('password.too_weak');

  const citizenId = await directory.citizenOfLetter(activationId);
  if (citizenId === undefined) throw refuse('activation.refused');
  const stream = streams.authenticators(citizenId);
  const keys = await log.state(authenticators, stream);
  if (!keys.activation || !activationOpen(keys, activationId, clock.nowMs())) throw refuse('activation.refused');
  if (!fitsVerifier(activationCode, await vault.get(citizenId, keys.activation.verifierId, call.deadlineMs))) {
    return log.handle(call.context(), [
      write({
        stream,
        decider: authenticators,
        command: { type: 'RefuseActivation', citizenId, activationId, nowMs: clock.nowMs() },
        envelope: () => ({ ...aboutCitizen(citizenId, nobody), outcome: { result: Result.REFUSED, reason: 'activation.refused' } }),
      }),
    ]);
  }
  citizens.refuseUnlessOpen((await citizens.now(citizenId)).status);

  // A letter opens one key. It is no way to ask, one after the other, which user ids are taken.
  await tries.take('password', { account: `letter ${activationId}` });
  // A letter opened it, so it waits with those we know.
  const hash = await hashes.make('known', password);
  const passwordId = await vault.put(citizenId, 'password', encodePasswordRecord({ hash, userId }), call.deadlineMs);
  const card = await makeCard(service, citizenId, call.deadlineMs);
  try {
    return await log.handle(call.context(), [
      write({
        stream,
        decider: authenticators,
        command: { type: 'ActivateKey', citizenId, activationId, userIdHmac: userIds.hmacOf(userId), passwordId, card, nowMs: clock.nowMs() },
        envelope: () => aboutCitizen(citizenId),
      }),
    ]);
  } catch (error) {
    // Certainly not stored: nothing will ever name them. Any other failure leaves them to the sweep.
    if (error instanceof Refused && error.kind !== 'unknown_outcome') await vault.delete([passwordId, card.codesId]);
    throw error;
  }
}

/** Guesses at the old password say nothing about the new one. */
async function afterActivation({ tries }: Authentication, account: string): Promise<void> {
  await tries.reset('password', { account });
  await tries.reset('code_card', { account });
}

const nobody = { kind: ActorKind.UNSPECIFIED, id: '' };
