import { CallRefused, FeedRead, SourceKeyAnnounced } from '@tillid/contracts/event/v1/event';
import { eventCodec, type EventOf } from './event-codec.js';

/** Payloads that every service may write. */
export const commonEvents = eventCodec('tillid.event.v1', { SourceKeyAnnounced, CallRefused, FeedRead });
export type CommonEvent = EventOf<typeof commonEvents>;
