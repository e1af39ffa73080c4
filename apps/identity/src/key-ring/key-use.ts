import { ActorKind } from '@tillid/contracts/event/v1/event';

export const dayMs = 86_400_000;

/** "2026-11-24". */
export function utcDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

export function serviceActor(service: string): { kind: ActorKind; id: string } {
  return { kind: ActorKind.SERVICE, id: service };
}
