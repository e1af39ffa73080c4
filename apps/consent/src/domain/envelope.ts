import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import type { EnvelopeFields } from '@tillid/eventsourcing';
import type { ConsentEvent } from './consent.messages.js';

/** Who did it. A citizen is named by the pseudonym at the receiver, like everything else in the event. */
export type ActedBy = 'citizen' | 'system' | { readonly kind: ActorKind; readonly id: string };

export function envelopeBy(actedBy: ActedBy): (event: ConsentEvent) => EnvelopeFields {
  return (event) => {
    const { subject, receiverId, basis, purpose } = event.matter;
    return {
      subject,
      clientId: receiverId,
      actor: actorOf(actedBy, subject),
      authority: { basis, purpose },
      ...(event.type === 'ShareRefused' && { outcome: { result: Result.REFUSED, reason: event.reason } }),
    };
  };
}

function actorOf(actedBy: ActedBy, subject: string): EnvelopeFields['actor'] {
  if (actedBy === 'citizen') return { kind: ActorKind.CITIZEN, id: subject };
  if (actedBy === 'system') return { kind: ActorKind.SYSTEM, id: 'consent' };
  return actedBy;
}
