import { parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { formatSignature, openNote, parseNote } from './note.js';
import { isSameKey, type NoteVerifier } from './note-key.js';
import { refuse } from './transparency.refusals.js';

/** A key of the log named the next in the leaf at `leafIndex`, and signed a tree that has this leaf. */
export interface KeyStep {
  readonly key: NoteVerifier;
  readonly next: NoteVerifier;
  readonly vkey: string;
  readonly nextVkey: string;
  readonly bothUntilMs: number;
  readonly leafIndex: number;
  /** The tree that `key` signed: every later tree of the log continues it. */
  readonly checkpoint: Checkpoint;
  /** The same, as it was signed. */
  readonly note: string;
  /** Where in the log the proof of it lies. */
  readonly path: string;
}

export const keyStepsMax = 64;

/**
 * The keys of a log, as they lead from one that is trusted. Which key signs a tree follows from its size: the last one
 * named below it. So a key that was replaced signs no tree that has its successor in it, whoever holds it by then.
 */
export class LogKeys {
  /** Of every key, the first to the last. */
  readonly all: readonly NoteVerifier[];

  /** Steps in order, each from the key before; the trusted key is one of theirs. */
  constructor(readonly trusted: NoteVerifier, readonly steps: readonly KeyStep[] = []) {
    this.all = steps.length === 0 ? [trusted] : [steps[0]!.key, ...steps.map(({ next }) => next)];
    if (steps.length > keyStepsMax) throw refuse('key.too_many');
    if (new Set(this.all.map(({ keyId }) => keyId)).size !== this.all.length || this.all.some(({ name }) => name !== trusted.name)) throw refuse('key.twice');
    steps.forEach((step, index) => {
      if (!isSameKey(step.key, this.all[index]!) || step.leafIndex <= (steps[index - 1]?.leafIndex ?? -1)) throw refuse('key.not_in_order');
    });
    if (!this.all.some((key) => isSameKey(key, trusted))) throw refuse('key.not_in_order');
  }

  get name(): string {
    return this.trusted.name;
  }

  /** The key whose signature a tree of so many leaves must bear. */
  at(size: number): NoteVerifier {
    return this.steps.findLast(({ leafIndex }) => leafIndex < size)?.next ?? this.all[0]!;
  }

  /** A checkpoint of this log, signed by the key in force there; signatures of the others must be right where they are. */
  open(note: Uint8Array | string): Checkpoint {
    const { text, signatures } = openNote(note, this.all);
    const checkpoint = parseCheckpoint(text);
    if (checkpoint.origin !== this.name) throw refuse('checkpoint.wrong_origin');
    const due = this.at(checkpoint.size);
    if (!signatures.some((signature) => isSameKey(signature, due))) throw refuse('key.replaced');
    return checkpoint;
  }

  /** A checkpoint that was kept when it had been looked at: any of the keys may have signed it. */
  openKept(note: Uint8Array | string): Checkpoint {
    const checkpoint = parseCheckpoint(openNote(note, this.all).text);
    if (checkpoint.origin !== this.name) throw refuse('checkpoint.wrong_origin');
    return checkpoint;
  }

  /**
   * The same note without what other keys of the log signed beside the one in force: what is kept for the next look. Who
   * holds a key that was replaced then finds nobody who still goes by it alone.
   */
  kept(note: string): string {
    const { text, signatures } = parseNote(note);
    const due = this.at(parseCheckpoint(text).size);
    return `${text}\n${signatures.filter((signature) => signature.name !== this.name || isSameKey(signature, due)).map(formatSignature).join('')}`;
  }
}

/** One key, or all there are. */
export function logKeysOf(keys: NoteVerifier | LogKeys): LogKeys {
  return keys instanceof LogKeys ? keys : new LogKeys(keys);
}
