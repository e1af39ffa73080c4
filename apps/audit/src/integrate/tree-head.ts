import { openCheckpoint, type NoteVerifier } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';

/** The last signed tree head, with the ledger's chain at that size: so that the tree and the ledger can be held together. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** The ledger's chain after `size` events. */
  readonly chain: Uint8Array;
  readonly checkpoint: string;
  readonly signedAtMs: number;
}

export function encodeTreeHead({ checkpoint, chain, signedAtMs }: TreeHead): Buffer {
  return Buffer.from(JSON.stringify({ checkpoint, chain: Buffer.from(chain).toString('base64'), signedAtMs }), 'utf8');
}

/** Size and root are read from the signed text itself: there is one truth in the record. */
export function decodeTreeHead(value: Uint8Array, verifier: NoteVerifier): TreeHead {
  try {
    const { checkpoint, chain, signedAtMs } = JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>;
    const { size, root } = openCheckpoint(String(checkpoint), verifier);
    const chainBytes = Buffer.from(String(chain), 'base64');
    if (chainBytes.length !== 32 || !Number.isSafeInteger(signedAtMs)) throw new Error('chain or time is malformed');
    return { size, root, chain: chainBytes, checkpoint: String(checkpoint), signedAtMs: Number(signedAtMs) };
  } catch (cause) {
    throw new WillNotSign('log.record_malformed', { cause });
  }
}
