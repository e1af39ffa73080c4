import { Refused } from '@tillid/kernel';
import { openCheckpoint, type Checkpoint } from './checkpoint.js';
import type { LogVerdict } from './findings.js';
import { FindingList } from './finding-list.js';
import { checkpointPath } from './layout.js';
import type { LogFiles, OnEntry } from './log-files.js';
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
 * The whole log against its key: signature, every tile, with `entries` every bundle, with `previousCheckpoint` that
 * it only grew. Reads each file once (edge tiles twice) and holds a few tiles at a time, whatever the log's size.
 * Throws only when it could not look: a reader that fails, or a previous checkpoint that is none.
 */
export async function verifyLog(files: LogFiles, key: NoteVerifier, options: VerifyLogOptions = {}, onEntry?: OnEntry): Promise<LogVerdict> {
  const findings = new FindingList(options.maxFindings ?? 1000);
  const entriesChecked = options.entries ?? onEntry !== undefined;
  const previous = options.previousCheckpoint === undefined ? undefined : openCheckpoint(options.previousCheckpoint, key);
  const opened = await openLatest(files, key, findings);
  if (opened === undefined) return { holds: false, findings: findings.kept, findingCount: findings.count, entriesChecked: false, tilesChecked: 0, bundlesChecked: 0 };
  const { checkpoint, text } = opened;
  if (previous !== undefined && previous.size > checkpoint.size) {
    findings.add({ code: 'checkpoint.shrunk', path: checkpointPath, detail: `${previous.size} leaves were signed before, now ${checkpoint.size}` });
  }
  const counted = await verifyTree(files, checkpoint, { entries: entriesChecked, findings, previous, onEntry, onProgress: options.onProgress });
  if (files.list !== undefined) await verifyLeftovers(files, files.list(), checkpoint.size, entriesChecked, findings);
  return { holds: findings.count === 0, findings: findings.kept, findingCount: findings.count, head: checkpoint, checkpoint: text, entriesChecked, ...counted };
}

async function openLatest(files: LogFiles, key: NoteVerifier, findings: FindingList): Promise<{ checkpoint: Checkpoint; text: string } | undefined> {
  const bytes = await files.read(checkpointPath);
  if (bytes === undefined) {
    findings.add({ code: 'checkpoint.missing', path: checkpointPath, detail: 'there is no checkpoint' });
    return undefined;
  }
  try {
    return { checkpoint: openCheckpoint(bytes, key), text: decodeUtf8(bytes) ?? '' };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    findings.add({ code: 'checkpoint.refused', path: checkpointPath, detail: error.code });
    return undefined;
  }
}
