import { logKeysFault, openKeyChangeProof, type RecordSummary } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { checkpointPath, parseLogPath, verifyLog, type Finding, type LogFiles, type LogVerdict, type NoteVerifier, type OnEntry, type VerifyLogOptions } from '@tillid/transparency';
import { followKeys } from './follow-keys.js';
import type { OpenedLog } from './open-log.js';

export interface FollowedVerdict extends LogVerdict {
  /** How the key that is trusted led to the one that signs; empty when it still does. */
  readonly keys: readonly { readonly vkey: string; readonly nextVkey: string; readonly leafIndex: number; readonly bothUntilMs: number }[];
  /** The checkpoint as the next run is to compare with it: signed by the key in force alone, of the log's own. */
  readonly kept?: string;
}

/** `verifyLog` by the keys that the trusted one leads to. */
export async function verifyFollowed({ files, key }: Pick<OpenedLog, 'files' | 'key'>, options: VerifyLogOptions, onEntry?: OnEntry): Promise<FollowedVerdict> {
  let followed = await followKeys(files, key, options.previousCheckpoint);
  let log = await verifyLog(files, followed.keys, options, onEntry);
  if (log.head === undefined) {
    // Its key may have changed since it was followed; where the checkpoint is refused no entry was handed on.
    const again = await followKeys(files, key, options.previousCheckpoint);
    if (again.keys.steps.length > followed.keys.steps.length) [followed, log] = [again, await verifyLog(files, again.keys, options, onEntry)];
  }
  const { keys, findings } = followed;
  const more = [...findings, ...(findings.length === 0 ? await proofsThatProveNothing(files) : [])];
  return {
    ...log,
    holds: log.holds && more.length === 0,
    findings: [...log.findings, ...more],
    findingCount: log.findingCount + more.length,
    keys: keys.steps.map(({ vkey, nextVkey, leafIndex, bothUntilMs }) => ({ vkey, nextVkey, leafIndex, bothUntilMs })),
    ...(log.checkpoint !== undefined && { kept: keys.kept(log.checkpoint) }),
  };
}

/** A key that the entries announce must have signed, also when nobody shows the proof of it. Of a log that held, whose entries were read. */
export function heldByItsEntries(log: FollowedVerdict, { logKeys }: RecordSummary, trusted: NoteVerifier): FollowedVerdict {
  const fault = log.checkpoint === undefined ? undefined : logKeysFault(logKeys, trusted, log.checkpoint);
  if (fault === undefined) return log;
  return { ...log, holds: false, findings: [...log.findings, { code: 'key.not_in_force', path: checkpointPath, detail: fault }], findingCount: log.findingCount + 1 };
}

/** Folder mode: each proof of how a key was replaced, also those before the trusted one, still proves something. */
async function proofsThatProveNothing(files: LogFiles): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const path of files.list?.() ?? []) {
    const place = parseLogPath(path);
    const proof = place?.kind === 'key' ? await files.read(path) : undefined;
    if (place?.kind !== 'key' || proof === undefined) continue;
    try {
      if (openKeyChangeProof(proof, path).key.keyId !== place.keyId) findings.push({ code: 'key.refused', path, detail: 'is the proof of another key' });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      findings.push({ code: 'key.refused', path, detail: error.code });
    }
  }
  return findings;
}
