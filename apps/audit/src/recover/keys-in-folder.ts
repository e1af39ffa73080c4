import { openKeyChangeProof } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { isSameKey, LogKeys, type NoteVerifier } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';
import type { LogFolder } from '../integrate/log-folder.js';

/**
 * The log's keys as its own files prove them, from the first: a record that was put back may be signed by one whose seed is destroyed.
 * `held`: of the keys that we have; the one in force is among them, or nothing here is believed.
 */
export async function keysInFolder(folder: Pick<LogFolder, 'keyChanges'>, held: readonly NoteVerifier[]): Promise<LogKeys> {
  try {
    const steps = (await folder.keyChanges()).map(({ path, bytes }) => openKeyChangeProof(bytes, path)).sort((one, other) => one.leafIndex - other.leafIndex);
    const last = steps.at(-1);
    if (last === undefined) return new LogKeys(held[0]!);
    const trusted = held.find((key) => isSameKey(key, last.next));
    if (trusted === undefined) throw new WillNotSign('log.key_missing', { cause: new Error(last.nextVkey) });
    return new LogKeys(trusted, steps);
  } catch (cause) {
    if (cause instanceof Refused) throw new WillNotSign('log.file_differs', { cause });
    throw cause;
  }
}
