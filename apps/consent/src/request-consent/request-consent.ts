import { z } from 'zod';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import type { RequestConsentReply, RequestConsentRequest } from '@tillid/contracts/consent/v1/service';
import { handle } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { parseRequest, type Call } from '@tillid/service';
import { consent } from '../domain/consent.decider.js';
import { refuse } from '../domain/consent.refusals.js';
import { envelopeBy } from '../domain/envelope.js';
import { limits } from '../domain/limits.js';
import { consentStream } from '../domain/streams.js';
import * as fields from '../fields.js';
import { agreementNamed } from '../opening.js';
import type { ConsentRoom } from '../room.js';
import { hashOfText, keepText } from '../texts/consent-text.js';

const schema = z.object({
  agreementId: fields.agreementId,
  subject: fields.id,
  attributes: fields.attributes,
  purpose: fields.term,
  text: z.string().min(1).max(limits.textCharacters),
  textVersion: fields.version,
  language: z.enum(['da', 'en']),
  expiresAt: fields.instant,
  sharesPerDay: z.number().int().max(1_000_000),
  retentionDays: z.number().int().max(36_500),
});

export async function requestConsent(room: ConsentRoom, request: RequestConsentRequest, call: Call): Promise<RequestConsentReply> {
  const { agreementId, subject, text, expiresAt: expiresAtMs, ...asked } = parseRequest(schema, request);
  const receiverId = call.caller.id;
  const agreement = await agreementNamed(room, receiverId, agreementId);
  const citizen = await room.known.citizenAt(receiverId, subject, call.deadlineMs);
  if (!citizen) throw refuse('consent.subject_unknown');
  const citizenClosed = await room.known.isClosed(citizen.citizenId);
  const consentId = room.ids.newId();
  const textHash = hashOfText(text);
  const context = call.context();

  // A repeated call made its consent, and kept its text, the first time.
  const known = await room.log.store.find(context.commandId);
  if (!known && !citizenClosed) await keepText(room, await keyOf(room, citizen.citizenId, call.deadlineMs), consentId, text);
  // A crash here, or a refusal below, leaves a text that no event names: texts/sweep-texts.ts removes it after a day.

  const { events, position } = await handle(room.log, context, [
    {
      stream: consentStream(consentId),
      decider: consent,
      command: { type: 'RequestConsent', consentId, receiverId, subject, agreement, citizenClosed, ...asked, textHash, expiresAtMs, nowMs: room.log.clock.nowMs() },
      envelope: envelopeBy({ kind: ActorKind.RELYING_SERVICE, id: receiverId }),
    },
  ]);
  call.wrotePosition(position);
  const made = events[0]!.event;
  if (made.type !== 'ConsentRequested') throw new Error(`a consent was asked for and ${made.type} was written`);
  return { consentId: made.consentId };
}

/** Erased, and we have not heard of it yet. */
async function keyOf(room: ConsentRoom, citizenId: string, deadlineMs: number): Promise<Uint8Array> {
  try {
    return await room.peers.citizenKey(citizenId, deadlineMs);
  } catch (error) {
    if (error instanceof Refused && error.code === 'key_ring.key_destroyed') throw refuse('consent.subject_unknown');
    throw error;
  }
}
