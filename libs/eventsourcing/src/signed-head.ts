import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { commonEvents } from './common-events.js';

/** What a source says of itself: after `position` events its chain is `chain`. */
export type UnsignedHead = Pick<SignedHead, 'source' | 'position' | 'timeMs'> & { readonly chain: Uint8Array };

/** The exact bytes a head's signature is over. */
export function signedHeadText(head: UnsignedHead): Buffer {
  return Buffer.from(`tillid-head/v1\n${head.source}\n${head.position}\n${Buffer.from(head.chain).toString('base64')}\n${head.timeMs}\n`);
}

/** False for any head not signed by that key, malformed ones included. `publicKey`: 32 bytes, as in SourceKeyAnnounced. */
export function verifySignedHead(head: SignedHead, publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32 || head.chain.length !== 32 || head.signature.length !== 64) return false;
  try {
    return verify(null, signedHeadText(head), keyOf(publicKey), head.signature);
  } catch {
    // 32 bytes that are no point on the curve.
    return false;
  }
}

/** The key a source's first event announces; undefined when that event is anything else. It holds for the source's life. */
export function announcedKey(source: string, firstEvent: Uint8Array): Buffer | undefined {
  try {
    const announced = commonEvents.pick('SourceKeyAnnounced').decode(firstEvent, 1);
    if (!announced || announced.envelope.source !== source || announced.event.source !== source) return undefined;
    return announced.event.publicKey.length === 32 ? announced.event.publicKey : undefined;
  } catch {
    return undefined;
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
