import { appendLostTail, type EventStore, type StoredEvent } from '@tillid/eventsourcing';
import { loggedEvents } from '../domain/audit.events.js';

const pageSize = 1000;

/** Audit's own acts are in its ledger like everyone's: a log that is older than the ledger gets its lost tail from there. Answers how many events. */
export async function recoverOwnLog(events: EventStore, ledger: EventStore, source: string): Promise<number> {
  // In this order: what another replica appends meanwhile is in the log first.
  const end = await ledger.lastRevision(source);
  const { position } = await events.head();
  if (end <= position) return 0;
  const { events: restored } = await appendLostTail(events, loggedEvents, ownEvents(ledger, source, position, end));
  return restored;
}

async function* ownEvents(ledger: EventStore, source: string, after: number, end: number): AsyncGenerator<StoredEvent> {
  for (let position = after; position < end; ) {
    const page = await ledger.readStream(source, position, Math.min(pageSize, end - position));
    for (const { revision, bytes } of page) yield { position: revision, bytes };
    if (page.length === 0) throw new Error('the ledger has fewer events of audit than it says');
    position += page.length;
  }
}
