import { Refused } from '@tillid/kernel';
import { checkConsistency, emptyRoot, parseNote, type AddCheckpoint, type Checkpoint, type LogKeys } from '@tillid/transparency';

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

/** c2sp.org/tlog-witness, add-checkpoint. `keys` are those trusted for the checkpoint's origin, each with its successors, `seen` is what was last persisted for it. */
export function decide({ oldSize, proof, checkpoint: note }: AddCheckpoint, keys: readonly LogKeys[], seen: Seen): Decision {
  const checkpoint = signedCheckpoint(note, keys);
  if (checkpoint === undefined) return { kind: 'not_signed' };
  const { text } = parseNote(note);
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

/** The checkpoint when one of these signed it: of a key that has a successor, the one in force there. */
function signedCheckpoint(note: string, keys: readonly LogKeys[]): Checkpoint | undefined {
  for (const each of keys) {
    try {
      return each.open(note);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  return undefined;
}
