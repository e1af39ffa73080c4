import * as payloads from '@tillid/contracts/authentication/v1/events';
import { eventCodec, type EventOf } from '@tillid/eventsourcing';

const { ClientRegistered, SubjectLinked, ActivationCodeIssued, ActivationRefused, KeyActivated, PasswordSet, CodeCardIssued, CodeCardCollected } = payloads;
const { CodeCardReplaced, KeyBlocked, CodeUsed, SignInStarted, FactorAccepted, FactorRefused, SignInCompleted, SignInAbandoned, SignInRedeemed } = payloads;
const { SessionStarted, SessionEnded, TokenMisused } = payloads;

/** Every event this service writes. A released payload only ever grows; docs and golden bytes hang on these names. */
export const authenticationEvents = eventCodec(
  'tillid.authentication.v1',
  {
    ...{ ClientRegistered, SubjectLinked },
    ...{ ActivationCodeIssued, ActivationRefused, KeyActivated, PasswordSet, CodeCardIssued, CodeCardCollected, CodeCardReplaced, KeyBlocked },
    ...{ CodeUsed },
    ...{ SignInStarted, FactorAccepted, FactorRefused, SignInCompleted, SignInAbandoned, SignInRedeemed },
    ...{ SessionStarted, SessionEnded, TokenMisused },
  },
  {
    reservations: (event) => {
      if (event.type !== 'KeyActivated' || event.userIdHeld) return {};
      return { reserve: [`user-id:${event.userIdHmac.toString('hex')}`] };
    },
  },
);

export type AuthenticationEvent = EventOf<typeof authenticationEvents>;
type Named<Type extends AuthenticationEvent['type']> = Extract<AuthenticationEvent, { type: Type }>;

export type ClientEvent = Named<'ClientRegistered'>;
export type SubjectEvent = Named<'SubjectLinked'>;
export type AuthenticatorsEvent = Named<
  'ActivationCodeIssued' | 'ActivationRefused' | 'KeyActivated' | 'PasswordSet' | 'CodeCardIssued' | 'CodeCardCollected' | 'CodeCardReplaced' | 'KeyBlocked'
>;
export type CodeCardEvent = Named<'CodeUsed'>;
export type SignInEvent = Named<'SignInStarted' | 'FactorAccepted' | 'FactorRefused' | 'SignInCompleted' | 'SignInAbandoned' | 'SignInRedeemed'>;
export type SessionEvent = Named<'SessionStarted' | 'SessionEnded'>;
export type MisuseEvent = Named<'TokenMisused'>;

/** Why a sign-in came to nothing. */
export type AbandonReason = 'by_client' | 'by_citizen' | 'citizen_blocked' | 'key_changed' | 'level_not_reached' | 'too_many_refusals' | 'no_codes_left';

export type EndReason = 'by_citizen' | 'by_client' | 'citizen_blocked' | 'citizen_closed' | 'key_blocked' | 'password_changed';
