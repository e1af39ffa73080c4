import { z } from 'zod';
import type { RefuseConsentReply, RefuseConsentRequest } from '@tillid/contracts/consent/v1/service';
import { contextForClient, handle } from '@tillid/eventsourcing';
import { citizenOf, parseRequest, type Call } from '@tillid/service';
import { consent } from '../domain/consent.decider.js';
import { envelopeBy } from '../domain/envelope.js';
import * as fields from '../fields.js';
import { ownConsent } from '../opening.js';
import type { ConsentRoom } from '../room.js';

const schema = z.object({ consentId: fields.id });

export async function refuseConsent(room: ConsentRoom, request: RefuseConsentRequest, call: Call): Promise<RefuseConsentReply> {
  const { consentId } = parseRequest(schema, request);
  const { stream, receiverId } = await ownConsent(room, consentId, citizenOf(call).subject, call.deadlineMs);
  const { position } = await handle(room.log, contextForClient(call.context(), receiverId), [
    {
      stream,
      decider: consent,
      command: { type: 'RefuseConsent', nowMs: room.log.clock.nowMs() },
      envelope: envelopeBy('citizen'),
    },
  ]);
  call.wrotePosition(position);
  return {};
}
