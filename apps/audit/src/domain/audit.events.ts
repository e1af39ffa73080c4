import { AccessLogRead, EntriesRead, HeadsSeen, LogKeyAnnounced, LogReplayed, OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import { commonEvents, eventCodec, type EventOf } from '@tillid/eventsourcing';

/** Audit's own acts, and what the shell writes into its log. */
export const auditEvents = eventCodec('tillid.audit.v1', { HeadsSeen, AccessLogRead, EntriesRead, LogReplayed, OwnLogHeads, LogKeyAnnounced });
export type AuditEvent = EventOf<typeof auditEvents>;

export const loggedEvents = auditEvents.and(commonEvents);
export type LoggedEvent = EventOf<typeof loggedEvents>;

export const auditSource = 'audit/0';
export { ledgerSource } from '@tillid/eventsourcing';
/** Everything that is taken in, audit's own acts by the very same path. */
export const sources = ['identity/0', 'authentication/0', 'consent/0', auditSource] as const;

export const headsSeenStream = 'heads-seen';
export const ownLogHeadsStream = 'own-log-heads';
export const logReadStream = (citizenId: string, day: string) => `log-read-${citizenId}-${day}`;
export const entriesReadStream = (auditorId: string, day: string) => `entries-read-${auditorId}-${day}`;
export const replayStream = (replayId: string) => `replay-${replayId}`;
