import { hash } from 'node:crypto';
import { hashBytes, leafHashInto } from '@tillid/transparency';

/** c(0). */
export const emptyChain: Uint8Array = new Uint8Array(hashBytes);

/** The chain before, then the leaf hash: every event is hashed here by each who follows it, so nothing is allocated but the answer. */
const scratch = Buffer.alloc(2 * hashBytes);

/** c(n) = SHA-256(c(n-1) || SHA-256(0x00 || event bytes)): commits to the leaf hash, as the Merkle log does. */
export function nextChain(chain: Uint8Array, eventBytes: Uint8Array): Buffer {
  if (chain.length !== hashBytes) throw new RangeError('a chain has 32 bytes');
  scratch.set(chain);
  leafHashInto(scratch, hashBytes, eventBytes);
  return hashOfScratch();
}

/** The same from the event's leaf hash: for one who may not, or need not, have the event. */
export function nextChainOver(chain: Uint8Array, eventLeafHash: Uint8Array): Buffer {
  if (chain.length !== hashBytes || eventLeafHash.length !== hashBytes) throw new RangeError('a chain has 32 bytes');
  scratch.set(chain);
  scratch.set(eventLeafHash, hashBytes);
  return hashOfScratch();
}

function hashOfScratch(): Buffer {
  const next = Buffer.allocUnsafe(hashBytes);
  next.write(hash('sha256', scratch, 'binary'), 0, hashBytes, 'latin1');
  return next;
}
