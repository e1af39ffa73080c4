import type { AuthorizeShareReply } from '@tillid/contracts/consent/v1/service';
import { handle, hashOf } from '@tillid/eventsourcing';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import { readDetails } from '../details/citizen-details.js';
import { attributeValues } from '../domain/attributes.js';
import { refuse } from '../domain/identity.refusals.js';
import { release } from '../domain/one-shot.deciders.js';
import { releaseStream } from '../domain/streams.js';
import type { IdentityHandlers, IdentityParts } from '../identity.parts.js';
import { registeredCitizen, wasHandled } from '../stored-state.js';
import { asShareRefusal, asSubjectRefusal } from './peers-refusals.js';

const requestShape = z.object({ shareId: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,119}$/) });

/**
 * Identity as data provider, called by the receiver of the share: may we? -> record -> say we did -> hand over.
 * Every step is repeatable under a key of its own, so a crash between any two is mended by the same call again.
 */
export function releaseAttributes(parts: IdentityParts): IdentityHandlers['releaseAttributes'] {
  return async (request, call) => {
    const { shareId } = parseRequest(requestShape, request);
    const context = call.context();
    const share = await authorize(parts, shareId, call);
    const released = await wasHandled(parts.log, context);
    // A yes is good for a minute. What was recorded in that minute is still completed after it, but values are no
    // longer given: repeating an old call must not become a way to read a citizen for ever.
    const late = parts.clock.nowMs() >= (share.validUntil?.getTime() ?? 0);
    if (late && !released) throw refuse('share.refused');

    const details = await detailsToRelease(parts, share.subject, released);
    const { pseudonym } = await parts.authentication.linkSubject({ citizenId: share.subject, clientId: call.caller.id }, optionsOf(call)).catch(asSubjectRefusal);
    const attributes = attributeValues(details, share.attributes, parts.clock.nowMs()).map(({ name }) => name);
    const envelope = () => ({ subject: pseudonym, clientId: call.caller.id, actor: actorOf(call.caller), authority: { basis: share.basis, purpose: share.purpose } });
    // A crash before this: consent shows "authorised, not confirmed", and nothing was handed over.
    const { events, position } = await handle(parts.log, context, [{ stream: releaseStream(shareId), decider: release, command: { shareId, attributes }, envelope }]);
    // A crash here: recorded, not confirmed. The receiver has nothing yet, and repeats the call.
    await parts.consent.completeShare({ idempotencyKey: stepKey('complete-share', shareId), shareId }, optionsOf(call)).catch(asShareRefusal);
    call.wrotePosition(position);
    if (late) throw refuse('share.refused');
    const [recorded] = events;
    return { attributes: attributeValues(details, recorded!.event.attributes, recorded!.envelope.occurredAt!.getTime()) };
  };
}

/** One key a share: consent says yes once, and to a stranger who came by its id not even that it is there. */
function authorize({ consent }: IdentityParts, shareId: string, call: Call): Promise<AuthorizeShareReply> {
  return consent.authorizeShare({ idempotencyKey: stepKey('authorize-share', shareId), shareId, receiverId: call.caller.id }, optionsOf(call)).catch(asShareRefusal);
}

async function detailsToRelease(parts: IdentityParts, citizenId: string, released: boolean) {
  const { state } = await registeredCitizen(parts.log, citizenId).catch(asSubjectRefusal);
  if (state.status === 'closed' && !released) throw refuse('identity.citizen_closed');
  const details = await readDetails(parts, citizenId, state);
  if (!details) throw refuse('identity.citizen_closed');
  return details;
}

/** 43 characters, the same on every try. */
function stepKey(step: string, shareId: string): string {
  return hashOf(step, shareId).toString('base64url');
}

function optionsOf({ deadlineMs, signal }: Call) {
  return { deadlineMs, signal };
}
