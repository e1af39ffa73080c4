import { z } from 'zod';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { GrantConsentReply, GrantConsentRequest } from '@tillid/contracts/consent/v1/service';
import { contextForClient, handle, hashOf } from '@tillid/eventsourcing';
import { citizenOf, parseRequest, type Call } from '@tillid/service';
import { consent } from '../domain/consent.decider.js';
import { refuse } from '../domain/consent.refusals.js';
import { envelopeBy } from '../domain/envelope.js';
import * as fields from '../fields.js';
import { ownConsent } from '../opening.js';
import type { ConsentRoom } from '../room.js';

const schema = z.object({
  consentId: fields.id,
  grantId: fields.grantId,
  attributes: fields.attributes,
  textHash: fields.sha256,
  expiresAt: fields.instant.optional(),
});

/** A password alone does not open a citizen's data to others. */
const levelToGrant = AssuranceLevel.SUBSTANTIAL;

export async function grantConsent(room: ConsentRoom, request: GrantConsentRequest, call: Call): Promise<GrantConsentReply> {
  const { consentId, expiresAt: expiresAtMs, attributes, textHash, ...agents } = parseRequest(schema, request);
  const citizen = citizenOf(call);
  if (citizen.level < levelToGrant) throw refuse('consent.level_too_low');
  const { stream, receiverId } = await ownConsent(room, consentId, citizen.subject, call.deadlineMs);
  // An agent may use one grant id at two receivers; what they read of it must not be the same.
  const grantId = hashOf('grant', consentId, agents.grantId).toString('hex').slice(0, 32);
  const citizenClosed = await room.known.isClosed(citizen.subject);
  const { position } = await handle(room.log, contextForClient(call.context(), receiverId), [
    {
      stream,
      decider: consent,
      command: { type: 'GrantConsent', grantId, attributes, textHash, ...(expiresAtMs !== undefined && { expiresAtMs }), citizenClosed, nowMs: room.log.clock.nowMs() },
      envelope: envelopeBy('citizen'),
    },
  ]);
  call.wrotePosition(position);
  return {};
}
