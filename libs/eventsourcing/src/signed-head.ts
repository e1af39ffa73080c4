import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { SignedHead } from '@tillid/contracts/event/v1/event';

/** What a source says of itself: after `position` events its chain is `chain`. */
export type UnsignedHead = Pick<SignedHead, 'source' | 'position' | 'timeMs'> & { readonly chain: Uint8Array };

/** The exact bytes a head's signature is over. */
export function signedHeadText(head: UnsignedHead): Buffer {
  return Buffer.from(`tillid-head/v1\n${head.source}\n${head.position}\n${Buffer.from(head.chain).toString('base64')}\n${head.timeMs}\n`);
}

/** False for any head not signed by that key, malformed ones included. `publicKey`: 32 bytes, as in SourceKeyAnnounced. */
export function verifySignedHead(head: SignedHead, publicKey: Uint8Array): boolean {
  return head.chain.length === 32 && signedBy(publicKey, signedHeadText(head), head.signature);
}

/** An Ed25519 signature by a key of 32 bytes; false for whatever is none. */
export function signedBy(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, text, keyOf(publicKey), signature);
  } catch {
    // 32 bytes that are no point on the curve.
    return false;
  }
}

/** Parsing a key costs more than using it, and there are few. */
const parsed = new Map<string, KeyObject>();

function keyOf(raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw).toString('base64url');
  const known = parsed.get(x);
  if (known) return known;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (parsed.size >= 256) parsed.clear();
  parsed.set(x, key);
  return key;
}
