import type * as events from '@tillid/contracts/identity/v1/events';

/** Domain events are the proto messages with their name on them. */
type Named<Type extends string, Payload> = { readonly type: Type } & Payload;

export type CitizenEvent =
  | Named<'CitizenRegistered', events.CitizenRegistered>
  | Named<'IdentityProofProposed', events.IdentityProofProposed>
  | Named<'IdentityProved', events.IdentityProved>
  | Named<'CitizenBlocked', events.CitizenBlocked>
  | Named<'CitizenUnblocked', events.CitizenUnblocked>
  | Named<'CitizenClosed', events.CitizenClosed>;

export type CitizenKeyEvent =
  | Named<'EncryptionKeyCreated', events.EncryptionKeyCreated>
  | Named<'EncryptionKeyUsed', events.EncryptionKeyUsed>
  | Named<'EncryptionKeyDestroyed', events.EncryptionKeyDestroyed>;

export type CitizenReadEvent = Named<'CitizenRead', events.CitizenRead>;
export type NationalNumberMatchedEvent = Named<'NationalNumberMatched', events.NationalNumberMatched>;
export type ReleaseEvent = Named<'AttributesReleased', events.AttributesReleased>;

export type IdentityEvent = CitizenEvent | CitizenKeyEvent | CitizenReadEvent | NationalNumberMatchedEvent | ReleaseEvent;
