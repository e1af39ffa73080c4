import { Refused } from '@tillid/kernel';
import { checkConsistency, emptyRoot, openNote, parseCheckpoint, type AddCheckpoint, type Checkpoint, type NoteVerifier } from '@tillid/transparency';

/** What the witness cosigned last for a log; a log it has never seen begins with the empty tree. */
export interface Seen {
  readonly size: number;
  readonly root: Uint8Array;
}
export const seenNothing: Seen = { size: 0, root: emptyRoot };

export type Decision =
  | { readonly kind: 'cosign'; readonly checkpoint: Checkpoint; readonly text: string }
  | { readonly kind: 'not_signed' | 'old_larger' | 'proof_refused' }
  /** Two trees of one size under the log's signature: with the one cosigned, proof to anyone. */
  | { readonly kind: 'forked'; readonly text: string }
  /** The log is wrong about what this witness saw: the size tells it. */
  | { readonly kind: 'other_size'; readonly size: number };

/** c2sp.org/tlog-witness, add-checkpoint. `keys` are those trusted for the checkpoint's origin, `seen` is what was last persisted for it. */
export function decide({ oldSize, proof, checkpoint: note }: AddCheckpoint, keys: readonly NoteVerifier[], seen: Seen): Decision {
  const text = signedText(note, keys);
  if (text === undefined) return { kind: 'not_signed' };
  const checkpoint = parseCheckpoint(text);
  if (oldSize > checkpoint.size) return { kind: 'old_larger' };
  if (oldSize !== seen.size) return { kind: 'other_size', size: seen.size };
  if (checkpoint.size === seen.size && seen.size > 0 && !checkpoint.root.equals(seen.root)) return { kind: 'forked', text };
  if (checkpoint.size === 0 && !emptyRoot.equals(checkpoint.root)) return { kind: 'proof_refused' };
  try {
    checkConsistency(seen.size, seen.root, checkpoint.size, checkpoint.root, proof);
  } catch (error) {
    if (error instanceof Refused) return { kind: 'proof_refused' };
    throw error;
  }
  return { kind: 'cosign', checkpoint, text };
}

/** The text when one of these keys signed it; they are named by the origin. */
function signedText(note: string, keys: readonly NoteVerifier[]): string | undefined {
  try {
    return openNote(note, keys).text;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
