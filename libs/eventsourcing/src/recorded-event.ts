import type { Event } from '@tillid/contracts/event/v1/event';

/** Everything of a stored event but its payload. */
export type Envelope = Omit<Event, 'data'>;

/** A domain event: the name of its payload message, and that message's fields beside it. */
export interface DomainEvent {
  readonly type: string;
}

/** An event as it was stored: what happened, the envelope around it, and where it stands. */
export interface RecordedEvent<E extends DomainEvent = DomainEvent> {
  readonly event: E;
  readonly envelope: Envelope;
  /** In its source. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** When it happened, by the clock of the service that wrote it. */
export function occurredAtMs(recorded: RecordedEvent): number {
  return recorded.envelope.occurredAt?.getTime() ?? 0;
}

/** Written `source@position`: what a reply carries as `tillid-position`, and a query as `tillid-min-position`. */
export function formatPosition(source: string, position: number): string {
  return `${source}@${position}`;
}

/** Undefined for anything but what formatPosition writes. */
export function parsePosition(text: string): { readonly source: string; readonly position: number } | undefined {
  const match = /^([a-z][a-z0-9-]{0,63}\/\d{1,5})@(0|[1-9]\d{0,15})$/.exec(text);
  if (!match) return undefined;
  const position = Number(match[2]);
  return Number.isSafeInteger(position) ? { source: match[1]!, position } : undefined;
}
