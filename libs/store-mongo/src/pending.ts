import { sameFingerprint, type Commit, type Waiting } from '@tillid/eventsourcing';
import { headAfter, storedCommit, type CommitDocument } from './commit-document.js';

/** A commit without its answer. */
export interface Pending extends Waiting {
  /** Where each document that was made of it would end, and the chain there: by these it knows itself again. */
  readonly tries: { readonly position: number; readonly chain: Uint8Array }[];
  /** Sent, and no answer came. Asked for by its commandId before it is sent again. */
  unanswered: boolean;
  /** The error of a try without an answer, however long ago: that try may still be stored. */
  lost: unknown;
  /** Refused by an index that was not `_id`: what stands in the way is to be looked up. */
  refused: boolean;
}

export function pendingOf(waiting: Waiting): Pending {
  return { ...waiting, tries: [], unanswered: false, lost: undefined, refused: false };
}

/** Answers with the first result of the command, which may be this very commit. */
export function answerKnown(pending: Pending, document: Omit<CommitDocument, 'e'>): void {
  const commit = storedCommit(document);
  if (!sameFingerprint(commit.fingerprint, pending.commit.fingerprint)) return pending.resolve({ kind: 'reused' });
  const { position, chain } = headAfter(document);
  // The chain commits to every byte before it, so an equal one is this commit, not an earlier call's.
  const own = pending.tries.some((each) => each.position === position && Buffer.compare(each.chain, chain) === 0);
  pending.resolve({ kind: 'appended', commit, repeated: !own });
}

/** Looked at: what was doubtful about them is answered, and they may be sent. */
export function cleared(pending: readonly Pending[]): readonly Pending[] {
  for (const each of pending) {
    each.unanswered = false;
    each.refused = false;
  }
  return pending;
}

/** How many there are before the first that is not so. */
export function countWhile<Item>(items: readonly Item[], is: (item: Item) => boolean): number {
  const end = items.findIndex((item) => !is(item));
  return end === -1 ? items.length : end;
}

/** Every stream and every value these commits name, each once. */
export function namesOf(commits: readonly Commit[]): { readonly streams: readonly string[]; readonly values: readonly string[] } {
  const streams = commits.flatMap(({ writes }) => writes.map(({ stream }) => stream));
  const values = commits.flatMap(({ reserve = [], release = [] }) => [...reserve, ...release.map(({ value }) => value)]);
  return { streams: [...new Set(streams)], values: [...new Set(values)] };
}
