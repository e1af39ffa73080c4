import { hashBytes } from './hash.js';
import { openNote, signNote } from './note.js';
import { isKeyName, type NoteSigner, type NoteVerifier } from './note-key.js';
import { parseBase64, parseDecimal, requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';

/** C2SP tlog-checkpoint: the tree a log stands by. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Lines after the root; this log writes none. */
  readonly extensions: readonly string[];
}

export function signCheckpoint(tree: { readonly origin: string; readonly size: number; readonly root: Uint8Array }, signers: readonly NoteSigner[]): string {
  requireSize(tree.size);
  if (!isKeyName(tree.origin)) throw refuse('checkpoint.malformed');
  return signNote(`${tree.origin}\n${tree.size}\n${Buffer.from(tree.root).toString('base64')}\n`, signers);
}

/** The text of a note as a checkpoint; its signatures are the caller's business. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, sizeText, rootText, ...rest] = text.split('\n');
  if (!origin || sizeText === undefined || rootText === undefined || rest.pop() !== '') throw refuse('checkpoint.malformed');
  if (rest.includes('')) throw refuse('checkpoint.malformed');
  const size = parseDecimal(sizeText);
  if (size === undefined) throw refuse('checkpoint.malformed_size');
  const root = parseBase64(rootText);
  if (root.length !== hashBytes) throw refuse('checkpoint.malformed_root');
  return { origin, size, root, extensions: rest };
}

/** A checkpoint signed by the log itself: a key whose name is the origin; of several keys of the log, any. */
export function openCheckpoint(note: Uint8Array | string, verifier: NoteVerifier | readonly NoteVerifier[]): Checkpoint {
  const verifiers = [verifier].flat();
  const checkpoint = parseCheckpoint(openNote(note, verifiers).text);
  if (verifiers.some(({ name }) => name !== checkpoint.origin)) throw refuse('checkpoint.wrong_origin');
  return checkpoint;
}
