import { z } from 'zod';
import type { WithdrawConsentReply, WithdrawConsentRequest } from '@tillid/contracts/consent/v1/service';
import { contextForClient, handle } from '@tillid/eventsourcing';
import { citizenOf, parseRequest, type Call } from '@tillid/service';
import { consent } from '../domain/consent.decider.js';
import { envelopeBy } from '../domain/envelope.js';
import * as fields from '../fields.js';
import { ownConsent } from '../opening.js';
import type { ConsentRoom } from '../room.js';

const schema = z.object({ consentId: fields.id });

/** Appended to the stream every share of this consent is authorised on: once this answers, none follows. */
export async function withdrawConsent(room: ConsentRoom, request: WithdrawConsentRequest, call: Call): Promise<WithdrawConsentReply> {
  const { consentId } = parseRequest(schema, request);
  const { stream, receiverId } = await ownConsent(room, consentId, citizenOf(call).subject, call.deadlineMs);
  const { position } = await handle(room.log, contextForClient(call.context(), receiverId), [
    {
      stream,
      decider: consent,
      command: { type: 'WithdrawConsent', reason: 'own_wish', nowMs: room.log.clock.nowMs() },
      envelope: envelopeBy('citizen'),
    },
  ]);
  call.wrotePosition(position);
  return {};
}
