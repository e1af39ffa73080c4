import { parseCheckpoint, openCheckpoint, type Checkpoint } from './checkpoint.js';
import { hashBytes, type Hash } from './hash.js';
import { checkInclusion } from './inclusion-proof.js';
import { noteLimits, parseNote } from './note.js';
import type { NoteVerifier } from './note-key.js';
import { requireByPolicy, type Policy, type PolicyVerdict } from './policy.js';
import { decodeUtf8, parseBase64, parseDecimal, requireSize } from './text.js';
import { refuse } from './transparency.refusals.js';

/** C2SP tlog-proof: all one needs, besides the entry and the log's key, to know that the entry is in the log. */
export interface Receipt {
  readonly index: number;
  readonly path: readonly Hash[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  /** Vouched for by nobody. */
  readonly extra?: Uint8Array;
}

const version = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves has paths this long. */
const maxPathLength = 53;
const maxExtraBytes = 16 * 1024;

export function formatReceipt({ index, path, checkpoint, extra }: Receipt): string {
  requireSize(index);
  const extraLine = extra === undefined ? '' : `extra ${Buffer.from(extra).toString('base64')}\n`;
  const hashes = path.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `${version}\n${extraLine}index ${index}\n${hashes}\n${checkpoint}`;
}

export function parseReceipt(receipt: Uint8Array | string): Receipt {
  if (receipt.length > noteLimits.maxBytes + 2 * maxExtraBytes) throw refuse('note.too_large');
  const text = typeof receipt === 'string' ? receipt : decodeUtf8(receipt);
  if (text === undefined) throw refuse('note.not_utf8');
  const end = text.indexOf('\n\n');
  const [first, ...lines] = text.slice(0, Math.max(end, 0)).split('\n');
  if (first !== version) throw refuse('receipt.wrong_version');
  const extra = lines[0]?.startsWith('extra ') ? parseBase64(lines.shift()?.slice('extra '.length) ?? '') : undefined;
  if (extra !== undefined && extra.length > maxExtraBytes) throw refuse('proof.malformed');
  const indexLine = lines.shift();
  const index = indexLine?.startsWith('index ') ? parseDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) throw refuse('proof.malformed_index');
  if (lines.length > maxPathLength) throw refuse('proof.too_many_hashes');
  const path = lines.map((line) => {
    const hash = parseBase64(line);
    if (hash.length !== hashBytes) throw refuse('proof.malformed');
    return hash;
  });
  const checkpoint = text.slice(end + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { index, path, checkpoint, ...(extra === undefined ? {} : { extra }) };
}

/** Throws Refused unless the log of this key, or of one of these, has the leaf. Answers where, and in which tree. */
export function checkReceipt(receipt: Receipt, leaf: Uint8Array, verifier: NoteVerifier | readonly NoteVerifier[]): { readonly index: number; readonly checkpoint: Checkpoint } {
  const checkpoint = openCheckpoint(receipt.checkpoint, verifier);
  checkInclusion(leaf, receipt.index, checkpoint.size, checkpoint.root, receipt.path);
  return { index: receipt.index, checkpoint };
}

/** The same by a policy: one of its logs signed the tree, its quorum of witnesses saw that very tree, and the leaf is in it. */
export function checkReceiptByPolicy(receipt: Receipt, leaf: Uint8Array, policy: Policy): PolicyVerdict & { readonly index: number } {
  const verdict = requireByPolicy(receipt.checkpoint, policy);
  checkInclusion(leaf, receipt.index, verdict.checkpoint.size, verdict.checkpoint.root, receipt.path);
  return { index: receipt.index, ...verdict };
}
