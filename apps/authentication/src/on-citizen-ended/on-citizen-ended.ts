import type { CommandContext, EventOf, RecordedEvent } from '@tillid/eventsourcing';
import type { Authentication } from '../authentication.js';
import { identityEvents } from '../citizens/citizens.read-model.js';
import type { EndReason } from '../domain/authentication.events.js';
import { endSessions } from '../sessions/end-sessions.js';

export const endingEvents = identityEvents.pick('CitizenBlocked', 'CitizenClosed');
const reasons = { CitizenBlocked: 'citizen_blocked', CitizenClosed: 'citizen_closed' } as const satisfies Record<string, EndReason>;

/**
 * Identity blocked or closed a citizen: open sessions end. `citizenKnownHere` comes first, so that from the position
 * read after it every redeemer sees the block; what was redeemed before stands in the log by then.
 */
export function onCitizenEnded(service: Authentication, citizenKnownHere: (position: number) => Promise<void>) {
  return async ({ event, position }: RecordedEvent<EventOf<typeof endingEvents>>, context: CommandContext): Promise<void> => {
    await citizenKnownHere(position);
    await endSessions(service, event.citizenId, reasons[event.type], await service.log.headPosition(), context);
  };
}
