import type { ActorKind } from '@tillid/contracts/event/v1/event';
import { actorKinds, type Caller } from '@tillid/service';

/** Who did it, as the event's envelope says. */
export function actorOf({ kind, id }: Pick<Caller, 'kind' | 'id'>): { kind: ActorKind; id: string } {
  return { kind: actorKinds[kind], id };
}
