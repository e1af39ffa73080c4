import {
  AttributesReleased,
  CitizenBlocked,
  CitizenClosed,
  CitizenRead,
  CitizenRegistered,
  CitizenUnblocked,
  EncryptionKeyCreated,
  EncryptionKeyDestroyed,
  EncryptionKeyUsed,
  IdentityProofProposed,
  IdentityProved,
  NationalNumberMatched,
} from '@tillid/contracts/identity/v1/events';
import { eventCodec, type EventOf } from '@tillid/eventsourcing';
import type { IdentityEvent } from './identity.messages.js';
import { nationalNumberReservation } from './streams.js';

/** Every event identity writes of its own, in the order of a citizen's life. */
export const identityEvents = eventCodec(
  'tillid.identity.v1',
  {
    CitizenRegistered,
    IdentityProofProposed,
    IdentityProved,
    CitizenBlocked,
    CitizenUnblocked,
    CitizenClosed,
    CitizenRead,
    NationalNumberMatched,
    AttributesReleased,
    EncryptionKeyCreated,
    EncryptionKeyUsed,
    EncryptionKeyDestroyed,
  },
  { reservations: (event) => (event.type === 'CitizenRegistered' ? { reserve: [nationalNumberReservation(event.nationalNumberHmac)] } : {}) },
);

/** The codec writes exactly the events the rules know: either list without the other does not compile. */
type Same<Left, Right> = [Left, Right] extends [Right, Left] ? true : never;
export const codecAndRulesAgree: Same<EventOf<typeof identityEvents>['type'], IdentityEvent['type']> = true;
