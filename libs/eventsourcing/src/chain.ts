import { createHash } from 'node:crypto';

/** c(0). */
export const emptyChain: Uint8Array = new Uint8Array(32);

const leafPrefix = Uint8Array.of(0x00);

/** RFC 6962 leaf hash of the event bytes: what the chain, the ledger and the Merkle log all commit to. */
export function leafHashOf(eventBytes: Uint8Array): Buffer {
  return createHash('sha256').update(leafPrefix).update(eventBytes).digest();
}

/** c(n) = SHA-256(c(n-1) || SHA-256(0x00 || event bytes)). */
export function nextChain(chain: Uint8Array, eventBytes: Uint8Array): Buffer {
  return createHash('sha256').update(chain).update(leafHashOf(eventBytes)).digest();
}
