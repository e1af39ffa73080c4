import { openCheckpoint, type NoteVerifier } from '@tillid/transparency';
import { Refused } from '@tillid/kernel';
import { WillNotSign } from '../domain/audit.refusals.js';

/** The last signed tree head, with the ledger's chain at that size: so that the tree and the ledger can be held together. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** The ledger's chain after `size` events. */
  readonly chain: Uint8Array;
  readonly checkpoint: string;
  readonly signedAtMs: number;
  /** The first signed tree with each leaf in which a key of the log names the next: how that is proven for ever, the old key being gone. */
  readonly keyChanges?: readonly SignedKeyChange[];
}

export interface SignedKeyChange {
  readonly leafIndex: number;
  readonly checkpoint: string;
}

export function encodeTreeHead({ checkpoint, chain, signedAtMs, keyChanges = [] }: TreeHead): Buffer {
  return Buffer.from(JSON.stringify({ checkpoint, chain: Buffer.from(chain).toString('base64'), signedAtMs, ...(keyChanges.length > 0 && { keyChanges }) }), 'utf8');
}

/** Size and root are read from the signed text itself: there is one truth in the record. */
export function decodeTreeHead(value: Uint8Array, verifier: NoteVerifier | readonly NoteVerifier[]): TreeHead {
  try {
    const { checkpoint, chain, signedAtMs, keyChanges } = JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>;
    const { size, root } = openCheckpoint(String(checkpoint), verifier);
    const chainBytes = Buffer.from(String(chain), 'base64');
    if (chainBytes.length !== 32 || !Number.isSafeInteger(signedAtMs)) throw new Error('chain or time is malformed');
    return { size, root, chain: chainBytes, checkpoint: String(checkpoint), signedAtMs: Number(signedAtMs), ...(keyChanges !== undefined && { keyChanges: keyChangesOf(keyChanges) }) };
  } catch (cause) {
    // A record of ours that a key signed which is not among the secrets: they are older than it.
    const isForeign = cause instanceof Refused && cause.code === 'note.unknown_signer';
    throw new WillNotSign(isForeign ? 'log.key_missing' : 'log.record_malformed', { cause });
  }
}

function keyChangesOf(value: unknown): readonly SignedKeyChange[] {
  if (!Array.isArray(value)) throw new Error('the changes of the key are malformed');
  return value.map(({ leafIndex, checkpoint }: Record<string, unknown>) => {
    if (!Number.isSafeInteger(leafIndex) || typeof checkpoint !== 'string') throw new Error('a change of the key is malformed');
    return { leafIndex: Number(leafIndex), checkpoint };
  });
}
