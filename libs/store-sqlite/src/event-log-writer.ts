import type { DatabaseSync } from 'node:sqlite';
import { emptyChain, nextChain, sameFingerprint, type AppendOutcome, type Commit, type Head, type StoredCommit } from '@tillid/eventsourcing';
import { findCommit } from './event-log-reader.js';
import { foreignWrites } from './transaction.js';

const maxRevisionsKept = 50_000;

/**
 * Decides and writes one commit at a time, inside a transaction the caller opened. Every commit is decided against
 * the rows of its predecessors in the same transaction, so whatever follows a refused one is checked afresh.
 */
export interface EventLogWriter {
  /** First in every transaction: drops what another process may have made untrue. */
  begin(): void;
  write(commit: Commit): AppendOutcome;
  /** After a transaction that may not have been stored: nothing in memory counts any more. */
  forget(): void;
}

export function eventLogWriter(database: DatabaseSync): EventLogWriter {
  const wroteElsewhere = foreignWrites(database);
  const find = findCommit(database);
  const selectHead = database.prepare('SELECT first + event_count - 1 AS position, chain FROM commits ORDER BY first DESC LIMIT 1');
  const selectRevision = database.prepare('SELECT max(revision) AS revision FROM streams WHERE stream = ?');
  const selectGeneration = database.prepare('SELECT max(generation) AS generation FROM reserved WHERE value = ?');
  const selectReleased = database.prepare('SELECT 1 FROM released WHERE value = ? AND generation = ?');
  // A known command leaves the row alone and changes nothing; every other collision is a bug and throws.
  const insertCommit = database.prepare(
    'INSERT INTO commits (first, event_count, chain, command, fingerprint, generations) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (command) DO NOTHING',
  );
  const insertEvent = database.prepare('INSERT INTO events (position, bytes) VALUES (?, ?)');
  const insertRevision = database.prepare('INSERT INTO streams (stream, revision, position) VALUES (?, ?, ?)');
  const insertReserved = database.prepare('INSERT INTO reserved (value, generation) VALUES (?, ?)');
  const insertReleased = database.prepare('INSERT INTO released (value, generation) VALUES (?, ?)');

  const revisions = new Map<string, number>();
  let head: Head | undefined;

  function revisionOf(stream: string): number {
    const kept = revisions.get(stream);
    if (kept !== undefined) return kept;
    return Number(selectRevision.get(stream)!['revision'] ?? 0);
  }

  function keepRevision(stream: string, revision: number): void {
    revisions.delete(stream);
    revisions.set(stream, revision);
    if (revisions.size > maxRevisionsKept) revisions.delete(revisions.keys().next().value!);
  }

  function generationOf(value: string): { generation: number; held: boolean } {
    const generation = Number(selectGeneration.get(value)!['generation'] ?? 0);
    return { generation, held: generation > 0 && selectReleased.get(value, generation) === undefined };
  }

  function refusal(commit: Commit): AppendOutcome | undefined {
    for (const { stream, expectedRevision } of commit.writes) {
      const actualRevision = revisionOf(stream);
      if (actualRevision !== expectedRevision) return { kind: 'conflict', stream, actualRevision };
    }
    for (const value of commit.reserve ?? []) {
      if (generationOf(value).held) return { kind: 'reserved', value };
    }
    for (const { value, generation } of commit.release ?? []) {
      const current = generationOf(value);
      if (!current.held || current.generation !== generation) return { kind: 'not_held', value, generation };
    }
    return undefined;
  }

  function insert(commit: Commit, before: Head): AppendOutcome | undefined {
    let { position, chain } = before;
    for (const { events } of commit.writes) {
      for (const event of events) {
        chain = nextChain(chain, event);
        position += 1;
      }
    }
    const generations = (commit.reserve ?? []).map((value) => generationOf(value).generation + 1);
    const stored: StoredCommit = {
      commandId: commit.commandId,
      fingerprint: commit.fingerprint,
      firstPosition: before.position + 1,
      eventCount: position - before.position,
      generations,
    };
    const { changes } = insertCommit.run(
      stored.firstPosition, stored.eventCount, chain, stored.commandId, stored.fingerprint, generations.length === 0 ? null : JSON.stringify(generations),
    );
    if (changes === 0) return undefined;
    insertEvents(commit, stored.firstPosition);
    commit.reserve?.forEach((value, index) => insertReserved.run(value, generations[index]!));
    for (const { value, generation } of commit.release ?? []) insertReleased.run(value, generation);
    head = { position, chain };
    return { kind: 'appended', commit: stored, repeated: false };
  }

  function insertEvents(commit: Commit, firstPosition: number): void {
    let position = firstPosition;
    for (const { stream, expectedRevision, events } of commit.writes) {
      let revision = expectedRevision;
      for (const event of events) {
        revision += 1;
        insertEvent.run(position, event);
        insertRevision.run(stream, revision, position);
        position += 1;
      }
      keepRevision(stream, revision);
    }
  }

  /** A known command comes before any other answer: a retry whose stream has moved on since gets its first result. */
  function known(commit: Commit): AppendOutcome | undefined {
    const first = find(commit.commandId);
    if (!first) return undefined;
    const same = sameFingerprint(first.fingerprint, commit.fingerprint);
    return same ? { kind: 'appended', commit: first, repeated: true } : { kind: 'reused' };
  }

  function readHead(): Head {
    const row = selectHead.get();
    return row ? { position: Number(row['position']), chain: row['chain'] as Uint8Array } : { position: 0, chain: emptyChain };
  }

  function forget(): void {
    revisions.clear();
    head = undefined;
  }

  return {
    begin() {
      if (wroteElsewhere()) forget();
    },
    write(commit) {
      const refused = refusal(commit);
      if (refused) return known(commit) ?? refused;
      const answer = insert(commit, (head ??= readHead())) ?? known(commit);
      if (!answer) throw new Error('a command was known and then was not');
      return answer;
    },
    forget,
  };
}
