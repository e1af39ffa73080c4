import { Refused } from '@tillid/kernel';
import type { Checkpoint } from './checkpoint.js';
import type { LogVerdict } from './findings.js';
import { FindingList } from './finding-list.js';
import { checkpointPath } from './layout.js';
import type { LogFiles, OnEntry } from './log-files.js';
import { logKeysOf, type LogKeys } from './log-keys.js';
import type { NoteVerifier } from './note-key.js';
import { decodeUtf8 } from './text.js';
import { verifyLeftovers } from './verify-leftovers.js';
import { verifyTree } from './verify-tree.js';

export interface VerifyLogOptions {
  /** Read and check the entry bundles too. Default: true when there is an `onEntry`, else false. */
  readonly entries?: boolean;
  /** The checkpoint (text) seen in an earlier run: the log must continue its tree. */
  readonly previousCheckpoint?: string;
  /** Default 1,000. */
  readonly maxFindings?: number;
  readonly onProgress?: (leavesChecked: number, size: number) => void;
}

/**
 * The whole log against its key, or against its keys as they lead from the one that is trusted: signature, every tile, with
 * `entries` every bundle, with `previousCheckpoint` that it only grew, as it must since each tree in which a key named the next. Reads each file once (edge tiles twice) and holds a few tiles at a time, whatever the log's size.
 * Throws only when it could not look: a reader that fails, or a previous checkpoint that is none.
 */
export async function verifyLog(files: LogFiles, key: NoteVerifier | LogKeys, options: VerifyLogOptions = {}, onEntry?: OnEntry): Promise<LogVerdict> {
  const findings = new FindingList(options.maxFindings ?? 1000);
  const entriesChecked = options.entries ?? onEntry !== undefined;
  const keys = logKeysOf(key);
  const previous = options.previousCheckpoint === undefined ? [] : [{ checkpoint: keys.openKept(options.previousCheckpoint), path: checkpointPath }];
  const opened = await openLatest(files, keys, findings);
  if (opened === undefined) return { holds: false, findings: findings.kept, findingCount: findings.count, entriesChecked: false, tilesChecked: 0, bundlesChecked: 0 };
  const { checkpoint, text } = opened;
  const earlier = [...previous, ...keys.steps];
  for (const { checkpoint: { size }, path } of earlier) {
    if (size > checkpoint.size) findings.add({ code: 'checkpoint.shrunk', path, detail: `${size} leaves were signed before, now ${checkpoint.size}` });
  }
  const counted = await verifyTree(files, checkpoint, { entries: entriesChecked, findings, earlier, onEntry, onProgress: options.onProgress });
  if (files.list !== undefined) await verifyLeftovers(files, files.list(), checkpoint.size, entriesChecked, findings);
  return { holds: findings.count === 0, findings: findings.kept, findingCount: findings.count, head: checkpoint, checkpoint: text, entriesChecked, ...counted };
}

async function openLatest(files: LogFiles, keys: LogKeys, findings: FindingList): Promise<{ checkpoint: Checkpoint; text: string } | undefined> {
  const bytes = await files.read(checkpointPath);
  if (bytes === undefined) {
    findings.add({ code: 'checkpoint.missing', path: checkpointPath, detail: 'there is no checkpoint' });
    return undefined;
  }
  try {
    return { checkpoint: keys.open(bytes), text: decodeUtf8(bytes) ?? '' };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    findings.add({ code: 'checkpoint.refused', path: checkpointPath, detail: error.code });
    return undefined;
  }
}
