import { Refused } from '@tillid/kernel';
import { RecordVerifier, type RecordSummary } from '@tillid/eventsourcing';
import { parseCheckpoint, parseNote } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import type { OpenedLog } from '../log/open-log.js';
import { heldByItsEntries, verifyFollowed, type FollowedVerdict } from '../log/verify-followed.js';

export interface VerifyOptions {
  /** Read every entry: against its leaf, and as its source signed it. */
  readonly entries: boolean;
  /** Checkpoint of an earlier run. */
  readonly previousCheckpoint?: string | undefined;
  /** How long ago that was, by the auditor's own clock. Default 0. */
  readonly previousAgeMs?: number | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Verdict {
  readonly where: string;
  /** Nothing wrong in all that was looked at. */
  readonly holds: boolean;
  readonly log: FollowedVerdict;
  /** Only when entries were read. */
  readonly record?: RecordSummary;
}

/** What was in the tree so long ago and is still under no head of its source was never the source's, or was kept from it. */
const settledAfterMs = 600_000;

/** The whole log: hashes and signature, and with its entries the chains, heads and commits of every source. */
export async function verify({ where, files, key }: OpenedLog, options: VerifyOptions): Promise<Verdict> {
  const record = options.entries ? new RecordVerifier({ settledLeaves: await lookAt(async () => settledLeaves(options)) }) : undefined;
  const looked = await lookAt(() => verifyFollowed(
    { files, key },
    {
      entries: options.entries,
      ...(options.previousCheckpoint !== undefined && { previousCheckpoint: options.previousCheckpoint }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    },
    record && ((entry) => void record.entry(entry)),
  ));
  // Entries that are not proven were not handed on, so the chains behind them say nothing: the log's findings come first.
  const summary = looked.holds ? record?.summary() : undefined;
  const log = summary ? heldByItsEntries(looked, summary, key) : looked;
  return { where, holds: log.holds && (summary?.findingCount ?? 0) === 0, log, ...(summary && { record: summary }) };
}

/** Leaves of a tree that was seen ten minutes ago or more. Whose checkpoint it is, is looked at with the log. */
export function settledLeaves({ previousCheckpoint, previousAgeMs = 0 }: Pick<VerifyOptions, 'previousCheckpoint' | 'previousAgeMs'>): number {
  return previousCheckpoint === undefined || previousAgeMs < settledAfterMs ? 0 : parseCheckpoint(parseNote(previousCheckpoint).text).size;
}

/** verifyLog refuses only what it was given to compare with. */
export async function lookAt<Result>(look: () => Promise<Result>): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Refused) throw new CouldNotLook(`the state is no checkpoint of this log's key (${error.code})`, { cause: error });
    throw error;
  }
}
