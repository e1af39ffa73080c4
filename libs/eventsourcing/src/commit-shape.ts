import { limits, MalformedCommit, type Commit } from './event-store.js';

const maxNameLength = 200;

/**
 * What every adapter checks before it queues a commit, so that none differs. Throws MalformedCommit on what no caller
 * may send; answers 'too_large' on what a caller may meet with honest data.
 */
export function checkCommitShape(commit: Commit): 'fits' | 'too_large' {
  if (commit.commandId.length !== 16) throw new MalformedCommit('a command id has 16 bytes');
  if (commit.fingerprint.length !== 32) throw new MalformedCommit('a fingerprint has 32 bytes');
  if (commit.writes.length === 0) throw new MalformedCommit('a commit writes to at least one stream');
  distinctNames('stream', commit.writes.map((write) => write.stream));
  // Reserving and releasing one value in one commit has no meaning that two readers would agree on.
  distinctNames('value', [...(commit.reserve ?? []), ...(commit.release ?? []).map((release) => release.value)]);
  for (const write of commit.writes) {
    if (!isCount(write.expectedRevision)) throw new MalformedCommit('an expected revision is a whole number from 0');
    if (write.events.length === 0) throw new MalformedCommit('a write has at least one event');
  }
  for (const { generation } of commit.release ?? []) {
    if (!isCount(generation) || generation === 0) throw new MalformedCommit('a generation is a whole number from 1');
  }
  const events = commit.writes.flatMap((write) => write.events);
  if (events.some((event) => event.length === 0)) throw new MalformedCommit('an event has at least one byte');
  if (events.some((event) => event.length > limits.maxEventBytes)) return 'too_large';
  return commitBytes(commit) > limits.maxCommitBytes ? 'too_large' : 'fits';
}

/** What a commit counts against the limits of batch and queue. */
export function commitBytes(commit: Commit): number {
  let bytes = 0;
  for (const write of commit.writes) for (const event of write.events) bytes += event.length;
  return bytes;
}

function distinctNames(what: string, names: readonly string[]): void {
  for (const name of names) {
    // `@` and `#` separate a name from its number wherever both are written as one key.
    // Half a character is not text: as bytes, all such halves are the same, and two names would be one.
    if (name.length === 0 || name.length > maxNameLength || /[@#]/.test(name) || !name.isWellFormed()) {
      throw new MalformedCommit(`a ${what} name has 1 to ${maxNameLength} characters, all whole, and no @ or #`);
    }
  }
  if (new Set(names).size !== names.length) throw new MalformedCommit(`the same ${what} stands twice in a commit`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
