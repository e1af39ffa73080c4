import { ActorKind } from '@tillid/contracts/event/v1/event';
import type { CallerKind } from '@tillid/contracts/access';
import type { Caller } from './call.js';

const kinds: Readonly<Record<CallerKind, ActorKind>> = {
  service: ActorKind.SERVICE,
  relying_service: ActorKind.RELYING_SERVICE,
  citizen_agent: ActorKind.CITIZEN_AGENT,
  operator: ActorKind.OPERATOR,
  official: ActorKind.OFFICIAL,
  auditor: ActorKind.AUDITOR,
};

/** How a caller that acts for itself stands in an event's envelope. */
export function actorOf({ kind, id }: Pick<Caller, 'kind' | 'id'>): { readonly kind: ActorKind; readonly id: string } {
  return { kind: kinds[kind], id };
}
