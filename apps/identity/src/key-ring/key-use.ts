import { ActorKind } from '@tillid/contracts/event/v1/event';

export function serviceActor(service: string): { kind: ActorKind; id: string } {
  return { kind: ActorKind.SERVICE, id: service };
}
