import type { Event } from '@tillid/contracts/event/v1/event';

/** Audit alone dates entries: a HeadsSeen of any other source is that source's own business. */
export function isHeadsSeen({ type, source }: Pick<Event, 'type' | 'source'>): boolean {
  return type === 'tillid.audit.v1.HeadsSeen' && source.startsWith('audit/');
}
