import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import type { EnvelopeFields } from '@tillid/eventsourcing';
import type { SignInEvent } from '../domain/authentication.events.js';

type Actor = EnvelopeFields['actor'];

/** The service itself: a reaction, a timer. */
export const bySystem: Actor = { kind: ActorKind.SYSTEM, id: 'authentication' };

/** On a stream that outlives every client: the citizen by their own id, and no client. */
export function aboutCitizen(citizenId: string, actor: Actor = { kind: ActorKind.CITIZEN, id: citizenId }): EnvelopeFields {
  return { subject: citizenId, actor };
}

/** At one client: the citizen by the pseudonym there, and nothing that is the same anywhere else. */
export function atClient(clientId: string, pseudonym: string, actor: Actor = { kind: ActorKind.CITIZEN, id: pseudonym }): EnvelopeFields {
  return { subject: pseudonym, clientId, actor };
}

/** The client began it; who typed what was refused is not known: no actor, and the same reason whether the user id or the password was wrong. */
export function signInEnvelope(clientId: string, pseudonym: string | undefined, actor?: Actor): (event: SignInEvent) => EnvelopeFields {
  const nobody: Actor = { kind: ActorKind.UNSPECIFIED, id: '' };
  const fields: EnvelopeFields = { clientId, actor: actor ?? (pseudonym === undefined ? nobody : { kind: ActorKind.CITIZEN, id: pseudonym }), ...(pseudonym !== undefined && { subject: pseudonym }) };
  return (event) => {
    if (event.type !== 'FactorRefused') return event.type === 'SignInStarted' ? { ...fields, actor: { kind: ActorKind.RELYING_SERVICE, id: clientId } } : fields;
    return { ...fields, actor: nobody, outcome: { result: Result.REFUSED, reason: `${event.factor}.wrong` } };
  };
}
