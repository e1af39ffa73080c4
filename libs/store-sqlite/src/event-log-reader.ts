import type { DatabaseSync } from 'node:sqlite';
import { emptyChain, limits, nextChain, StoreFault, type EventStore, type StoredCommit, type StoredEvent } from '@tillid/eventsourcing';

type Reads = Pick<Required<EventStore>, 'find' | 'lastRevision' | 'readStream' | 'readAll' | 'head' | 'chainAt'>;

/**
 * Reads see committed rows of every process; a write transaction is synchronous, so they never run inside one.
 * Revisions and positions are dense, so a range is a page. SQLite compiles a statement with a bare `LIMIT ?` anew on
 * every call, which costs ten times the read.
 */
export function eventLogReader(database: DatabaseSync): Reads {
  const find = findCommit(database);
  const selectRevision = database.prepare('SELECT max(revision) AS revision FROM streams WHERE stream = ?');
  const selectStream = database.prepare(
    'SELECT revision, position, bytes FROM streams JOIN events USING (position) WHERE stream = ? AND revision > ? AND revision <= ? ORDER BY revision',
  );
  const selectEvents = database.prepare('SELECT position, bytes FROM events WHERE position > ? AND position <= ? ORDER BY position');
  const selectHead = database.prepare('SELECT first + event_count - 1 AS position, chain FROM commits ORDER BY first DESC LIMIT 1');
  const selectChainBefore = database.prepare('SELECT first + event_count - 1 AS position, chain FROM commits WHERE first + event_count - 1 <= ? AND first <= ? ORDER BY first DESC LIMIT 1');

  return {
    async find(commandId) {
      return find(commandId);
    },
    async lastRevision(stream) {
      return Number(selectRevision.get(stream)!['revision'] ?? 0);
    },
    async readStream(stream, afterRevision = 0, limit = 10_000) {
      return selectStream.all(stream, afterRevision, afterRevision + limit).map((row) => ({
        revision: Number(row['revision']),
        position: Number(row['position']),
        bytes: row['bytes'] as Uint8Array,
      }));
    },
    async readAll(afterPosition, limit) {
      const page: StoredEvent[] = [];
      let size = 0;
      for (const row of selectEvents.iterate(afterPosition, afterPosition + limit)) {
        const bytes = row['bytes'] as Uint8Array;
        size += bytes.length;
        if (size > limits.maxCommitBytes && page.length > 0) break;
        page.push({ position: Number(row['position']), bytes });
      }
      return page;
    },
    async head() {
      const row = selectHead.get();
      return row ? { position: Number(row['position']), chain: row['chain'] as Uint8Array } : { position: 0, chain: emptyChain };
    },
    async chainAt(position) {
      // The last commit that ends there or before; what follows is the beginning of one commit, at most.
      const row = selectChainBefore.get(position, position);
      let chain = (row?.['chain'] as Uint8Array | undefined) ?? emptyChain;
      let at = Number(row?.['position'] ?? 0);
      for (const event of selectEvents.iterate(at, position)) {
        chain = nextChain(chain, event['bytes'] as Uint8Array);
        at += 1;
      }
      if (at !== position) throw new StoreFault(`there is no position ${position}`);
      return chain;
    },
  };
}

export function findCommit(database: DatabaseSync): (commandId: Uint8Array) => StoredCommit | undefined {
  const select = database.prepare('SELECT first, event_count, fingerprint, generations FROM commits WHERE command = ?');
  return (commandId) => {
    const row = select.get(commandId);
    return row && {
      commandId: Buffer.from(commandId),
      fingerprint: row['fingerprint'] as Uint8Array,
      firstPosition: Number(row['first']),
      eventCount: Number(row['event_count']),
      generations: row['generations'] === null ? [] : (JSON.parse(String(row['generations'])) as number[]),
    };
  };
}
