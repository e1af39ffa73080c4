import { isKeyName, isSameKey, type NoteSigner, type NoteVerifier } from './note-key.js';
import { decodeUtf8, hasControlCharacter, parseBase64 } from './text.js';
import { refuse } from './transparency.refusals.js';

/** C2SP signed-note: a text and the signatures of those who vouch for it. */
export interface SignedNote {
  /** Ends in a newline; exactly what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  readonly signature: Buffer;
}

export const noteLimits = { maxBytes: 64 * 1024, maxSignatures: 16 } as const;

const signatureStart = '— '; // U+2014 and one space

export function signNote(text: string, signers: readonly NoteSigner[]): string {
  requireNoteText(text);
  const message = Buffer.from(text, 'utf8');
  return `${text}\n${signers.map((signer) => formatSignature({ name: signer.name, keyId: signer.keyId, signature: signer.sign(message) })).join('')}`;
}

/** One signature as it stands under a note, with its newline. */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  const id = Buffer.alloc(4);
  id.writeUInt32BE(keyId);
  return `${signatureStart}${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** Signature lines alone, as a witness answers them; at least one. Those of algorithms we do not know are kept as they are. */
export function parseSignatures(lines: string): NoteSignature[] {
  if (lines.length > noteLimits.maxBytes) throw refuse('note.too_large');
  if (!lines.endsWith('\n')) throw refuse('note.no_signature');
  const each = lines.slice(0, -1).split('\n');
  if (each.length > noteLimits.maxSignatures) throw refuse('note.too_many_signatures');
  return each.map(parseSignature);
}

/** Takes a note apart. Says nothing about who signed it: that is `openNote`. */
export function parseNote(note: Uint8Array | string): SignedNote {
  const text = typeof note === 'string' ? note : decodeNote(note);
  if (text.length > noteLimits.maxBytes) throw refuse('note.too_large');
  if (hasControlCharacter(text)) throw refuse('note.control_character');
  if (!text.isWellFormed()) throw refuse('note.not_utf8');
  // The text may hold blank lines itself: the signatures begin after the last one.
  const split = text.lastIndexOf('\n\n');
  if (split < 0 || !text.endsWith('\n') || split + 2 === text.length) throw refuse('note.no_signature');
  const lines = text.slice(split + 2, -1).split('\n');
  if (lines.length > noteLimits.maxSignatures) throw refuse('note.too_many_signatures');
  return { text: text.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

/**
 * The note, if a known key signed it. Signatures of unknown keys are ignored; a known key's signature that is wrong
 * refuses the whole note, however many good ones there are.
 */
export function openNote(note: Uint8Array | string, verifiers: readonly NoteVerifier[]): SignedNote {
  const parsed = parseNote(note);
  const message = Buffer.from(parsed.text, 'utf8');
  let good = 0;
  for (const signature of parsed.signatures) {
    const verifier = verifiers.find((candidate) => isSameKey(candidate, signature));
    if (verifier === undefined) continue;
    if (!verifier.verify(message, signature.signature)) throw refuse('note.bad_signature');
    good += 1;
  }
  if (good === 0) throw refuse('note.unknown_signer');
  return parsed;
}

function parseSignature(line: string): NoteSignature {
  const [name, encoded, ...rest] = line.slice(signatureStart.length).split(' ');
  if (!line.startsWith(signatureStart) || name === undefined || encoded === undefined || rest.length > 0 || !isKeyName(name)) {
    throw refuse('note.malformed_signature');
  }
  const bytes = parseBase64(encoded);
  if (bytes.length < 5) throw refuse('note.malformed_signature');
  return { name, keyId: bytes.readUInt32BE(0), signature: bytes.subarray(4) };
}

function decodeNote(note: Uint8Array): string {
  if (note.length > noteLimits.maxBytes) throw refuse('note.too_large');
  const text = decodeUtf8(note);
  if (text === undefined) throw refuse('note.not_utf8');
  return text;
}

function requireNoteText(text: string): void {
  if (!text.endsWith('\n') || hasControlCharacter(text) || !text.isWellFormed()) throw refuse('note.control_character');
}
