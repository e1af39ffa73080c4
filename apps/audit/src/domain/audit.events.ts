import { AccessLogRead, EntriesRead, HeadsSeen, LogContinued, LogKeyAnnounced, LogReplayed, OwnLogHeads, SourceReplayed } from '@tillid/contracts/audit/v1/events';
import { commonEvents, eventCodec, type EventOf } from '@tillid/eventsourcing';

/** Audit's own acts, and what the shell writes into its log. */
export const auditEvents = eventCodec('tillid.audit.v1', { HeadsSeen, AccessLogRead, EntriesRead, LogReplayed, OwnLogHeads, LogKeyAnnounced, LogContinued, SourceReplayed });
export type AuditEvent = EventOf<typeof auditEvents>;

export const loggedEvents = auditEvents.and(commonEvents);
export type LoggedEvent = EventOf<typeof loggedEvents>;

/** In the installation's first log; in one that continues another it is the next, and this one was closed. */
export const auditSource = 'audit/0';
export { ledgerSource } from '@tillid/eventsourcing';
/** Everything that is taken in, audit's own acts by the very same path. */
export const sources = followedBy(auditSource);

export function followedBy(ownSource: string): readonly string[] {
  return ['identity/0', 'authentication/0', 'consent/0', ownSource];
}

/** Those that were closed when the logs before this one were lost, too. */
export function standingIn(ownSource: string): readonly string[] {
  return [...followedBy(ownSource), ...closedBefore(ownSource)];
}

/** The newest first. */
export function closedBefore(ownSource: string): readonly string[] {
  return Array.from({ length: Number(ownSource.split('/')[1]) }, (_, number) => `audit/${number}`).toReversed();
}

export const headsSeenStream = 'heads-seen';
export const ownLogHeadsStream = 'own-log-heads';
export const logReadStream = (citizenId: string, day: string) => `log-read-${citizenId}-${day}`;
export const entriesReadStream = (auditorId: string, day: string) => `entries-read-${auditorId}-${day}`;
export const sourceReplayedStream = (service: string, day: string) => `source-replayed-${service}-${day}`;
export const replayStream = (replayId: string) => `replay-${replayId}`;
