import * as payloads from '@tillid/contracts/consent/v1/events';
import { eventCodec, occurredAtMs, type EventCodec, type EventOf, type RecordedEvent } from '@tillid/eventsourcing';
import type { AgreementEvent } from './agreement.decider.js';
import type { ConsentEvent, Matter } from './consent.messages.js';
import type { ConsentRefusal } from './consent.refusals.js';

const { AgreementRegistered, ConsentRequested, ConsentGranted, ConsentRefused, ConsentWithdrawn } = payloads;
const { ShareRequested, ShareAuthorized, ShareRefused, ShareCompleted } = payloads;

/** ConsentExpired is in the contract and not here: expiry is read from the data, and nothing is appended for it. */
const payloadEvents = eventCodec('tillid.consent.v1', {
  AgreementRegistered,
  ConsentRequested, ConsentGranted, ConsentRefused, ConsentWithdrawn,
  ShareRequested, ShareAuthorized, ShareRefused, ShareCompleted,
});
type PayloadEvent = EventOf<typeof payloadEvents>;

/** Every event this service writes. */
export type RoomEvent = AgreementEvent | ConsentEvent;

/**
 * Payload codec, and beside the payload what the rules need of the envelope. On the way in the payload messages write
 * only the fields they know, and the slice's envelope carries the rest.
 */
export const consentEvents: EventCodec<RoomEvent> = {
  ...(payloadEvents as unknown as EventCodec<RoomEvent>),
  decode(bytes, position) {
    const recorded = payloadEvents.decode(bytes, position);
    return recorded && { ...recorded, event: withEnvelope(recorded) };
  },
};

function withEnvelope(recorded: RecordedEvent<PayloadEvent>): RoomEvent {
  const { event, envelope } = recorded;
  if (event.type === 'AgreementRegistered') return event;
  const { subject, clientId: receiverId, authority } = envelope;
  const matter: Matter = { receiverId, subject, basis: authority?.basis ?? '', purpose: authority?.purpose ?? '' };
  const facts = { matter, atMs: occurredAtMs(recorded) };
  return event.type === 'ShareRefused' ? { ...event, ...facts, reason: envelope.outcome?.reason as ConsentRefusal } : { ...event, ...facts };
}
