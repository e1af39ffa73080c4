import { parseCheckpoint } from './checkpoint.js';
import { hashBytes, type Hash } from './hash.js';
import { noteLimits, parseNote } from './note.js';
import { decodeUtf8, parseBase64, parseDecimal, requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';

/** C2SP tlog-witness: what a log posts to `<submission prefix>/add-checkpoint`. */
export interface AddCheckpoint {
  /** Size of the tree the witness cosigned last, as the log believes; 0 for none. */
  readonly oldSize: number;
  /** That the old tree is the beginning of the new one; empty for an old size of 0. */
  readonly proof: readonly Hash[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

export const addCheckpointLimits = { maxProofHashes: 63, maxBytes: noteLimits.maxBytes + 4 * 1024 } as const;

/** Of an answer that tells the size cosigned last (409). */
export const sizeContentType = 'text/x.tlog.size';

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  requireSize(oldSize);
  if (proof.length > addCheckpointLimits.maxProofHashes) throw refuse('proof.too_many_hashes');
  return `old ${oldSize}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`;
}

/** Takes the request apart; the checkpoint in it is well-formed, and signed by anyone or no one. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > addCheckpointLimits.maxBytes) throw refuse('note.too_large');
  const text = decodeUtf8(body);
  if (text === undefined) throw refuse('note.not_utf8');
  const end = text.indexOf('\n\n');
  const [first, ...lines] = text.slice(0, Math.max(end, 0)).split('\n');
  const oldSize = first?.startsWith('old ') === true ? parseDecimal(first.slice('old '.length)) : undefined;
  if (oldSize === undefined) throw refuse('witness.malformed');
  if (lines.length > addCheckpointLimits.maxProofHashes) throw refuse('proof.too_many_hashes');
  const proof = lines.map((line) => {
    const hash = parseBase64(line);
    if (hash.length !== hashBytes) throw refuse('proof.malformed');
    return hash;
  });
  const checkpoint = text.slice(end + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { oldSize, proof, checkpoint };
}

export function formatSize(size: number): string {
  requireSize(size);
  return `${size}\n`;
}

/** Body of a 409. */
export function parseSize(body: string): number {
  const size = body.endsWith('\n') ? parseDecimal(body.slice(0, -1)) : undefined;
  if (size === undefined) throw refuse('witness.malformed');
  return size;
}
