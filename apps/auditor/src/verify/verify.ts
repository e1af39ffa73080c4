import { Refused } from '@tillid/kernel';
import { RecordVerifier, type RecordSummary } from '@tillid/eventsourcing';
import { openCheckpoint, parseCheckpoint, parseNote, type NoteVerifier } from '@tillid/transparency';
import { findContinuation, type Continued } from '../continued/continued.js';
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
  /** Set when this is another log than the one of the key or the state, and says that it continues that one: then `holds` is false. */
  readonly continued?: Continued;
}

/** What was in the tree so long ago and is still under no head of its source was never the source's, or was kept from it. */
const settledAfterMs = 600_000;

/**
 * The whole log, and whether it is the one of the key and the state: a log that continues a lost one is looked at under its own key, and
 * what is said of it stands beside the finding that it is another.
 */
export async function verify(opened: OpenedLog, options: VerifyOptions): Promise<Verdict> {
  const { files, key } = opened;
  const { previousCheckpoint, ...others } = options;
  const isOurs = previousCheckpoint === undefined || (await opensUnder(key, previousCheckpoint));
  const verdict = isOurs ? await verifyOne(opened, options) : undefined;
  if (verdict && !verdict.log.findings.some(({ code }) => code === 'checkpoint.refused')) return verdict;
  const found = await findContinuation(files, key, previousCheckpoint);
  if (!found) return verdict ?? verifyOne(opened, options);
  const { verifier, ...continued } = found;
  // Its key counts when it was named by the one we were given; else this is said of a log that nobody vouches for.
  const looked = continued.vouchedFor || verifier.keyId === key.keyId ? await verifyOne({ ...opened, key: verifier }, others) : verdict;
  return { ...(looked ?? (await verifyOne(opened, others))), holds: false, continued };
}

async function opensUnder(key: NoteVerifier, checkpoint: string): Promise<boolean> {
  try {
    return openCheckpoint(checkpoint, key).size >= 0;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** The whole log: hashes and signature, and with its entries the chains, heads and commits of every source. */
async function verifyOne({ where, files, key }: OpenedLog, options: VerifyOptions): Promise<Verdict> {
  const record = options.entries ? new RecordVerifier({ origin: key.name, settledLeaves: await lookAt(async () => settledLeaves(options)) }) : undefined;
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
