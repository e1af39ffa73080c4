import { z } from 'zod';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import type { RequestShareReply, RequestShareRequest } from '@tillid/contracts/consent/v1/service';
import { type EnvelopeFields, handle, type Handled } from '@tillid/eventsourcing';
import { parseRequest, type Call } from '@tillid/service';
import { basisShare } from '../domain/basis-share.decider.js';
import { consent } from '../domain/consent.decider.js';
import type { BasisShareCommand, ConsentCommand, ConsentEvent } from '../domain/consent.messages.js';
import { refuse, ShareRefusedUnrecorded } from '../domain/consent.refusals.js';
import { envelopeBy } from '../domain/envelope.js';
import { basisStream, consentStream } from '../domain/streams.js';
import * as fields from '../fields.js';
import { agreementNamed } from '../opening.js';
import type { ConsentRoom } from '../room.js';

const what = { attributes: fields.attributes, purpose: fields.term };
const empty = z.literal('');
const onConsent = z.object({ consentId: fields.id, agreementId: empty, legalBasis: empty, subject: empty, ...what });
const onBasis = z.object({ consentId: empty, agreementId: fields.agreementId, legalBasis: fields.legalBasis, subject: fields.id, ...what });

/**
 * A refused share is a fact: it is appended, and then this refuses. A retry meets the same event and the same refusal.
 * Those of a caller that was refused too often this minute become one counted event on that caller's stream.
 */
export async function requestShare(room: ConsentRoom, request: RequestShareRequest, call: Call): Promise<RequestShareReply> {
  await room.recordWatch.requireRecorded();
  const handled = await (request.consentId ? shareOnConsent(room, request, call) : shareOnBasis(room, request, call)).catch(async (error: unknown) => {
    if (error instanceof ShareRefusedUnrecorded) await call.recordRefusal(error.code, { onlyCounted: true });
    throw error;
  });
  call.wrotePosition(handled.position);
  const event = handled.events[0]!.event;
  if (event.type === 'ShareRefused') throw refuse(event.reason);
  if (event.type !== 'ShareRequested') throw new Error(`a share was asked for and ${event.type} was written`);
  return { shareId: event.shareId };
}

function shareOnConsent(room: ConsentRoom, request: RequestShareRequest, call: Call): Promise<Handled<ConsentEvent>> {
  const { consentId, attributes, purpose } = parseRequest(onConsent, request);
  return handle(room.log, call.context(), [
    {
      stream: consentStream(consentId),
      decider: consent,
      command: (): ConsentCommand => ({ type: 'RequestShare', receiverId: call.caller.id, attributes, purpose, ...recording(room, call) }),
      envelope: byReceiver(room, call),
    },
  ]);
}

async function shareOnBasis(room: ConsentRoom, request: RequestShareRequest, call: Call): Promise<Handled<ConsentEvent>> {
  const { agreementId, legalBasis: basis, subject, attributes, purpose } = parseRequest(onBasis, request);
  const receiverId = call.caller.id;
  const agreement = await agreementNamed(room, receiverId, agreementId);
  if (!(await room.known.citizenAt(receiverId, subject, call.deadlineMs))) throw refuse('consent.subject_unknown');
  const basisId = room.ids.newId();
  return handle(room.log, call.context(), [
    {
      stream: basisStream(basisId),
      decider: basisShare,
      command: (): BasisShareCommand => ({ type: 'RequestBasisShare', basisId, agreement, matter: { receiverId, subject, basis, purpose }, attributes, ...recording(room, call) }),
      envelope: byReceiver(room, call),
    },
  ]);
}

function recording(room: ConsentRoom, call: Call) {
  const nowMs = room.log.clock.nowMs();
  return { nowMs, recordsRefusal: room.refusals.allows(call.caller.id, nowMs) };
}

/** A refusal is spent where it is decided, not once it is stored: of a hundred at once all would still find room. */
function byReceiver(room: ConsentRoom, { caller }: Call): (event: ConsentEvent) => EnvelopeFields {
  const envelope = envelopeBy({ kind: ActorKind.RELYING_SERVICE, id: caller.id });
  return (event) => {
    if (event.type === 'ShareRefused') room.refusals.spend(caller.id, room.log.clock.nowMs());
    return envelope(event);
  };
}
