import type { FormerLog } from '@tillid/contracts/audit/v1/service';
import { continuationIn, type EventStore } from '@tillid/eventsourcing';
import { auditSource } from '../domain/audit.events.js';

/** In a log that continues one that was lost: which, and what was still there of it. Its first entry says so, and never changes. */
export async function formerLogIn(ledger: EventStore, ownSource: string): Promise<FormerLog | undefined> {
  if (ownSource === auditSource) return undefined;
  const [first] = await ledger.readAll(0, 1);
  const continuation = first && continuationIn(first.bytes);
  return continuation && { origin: continuation.formerVerifier.name, size: continuation.formerCheckpoint.size, kept: continuation.kept, continuedAt: continuation.continuedAt };
}
