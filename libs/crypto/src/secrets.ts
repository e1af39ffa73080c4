import { createHash, timingSafeEqual } from 'node:crypto';
import type { Ids } from '@tillid/kernel';

/** 256 random bits, base64url: a sign-in secret, a hand-over, a device secret. */
export function newSecret(ids: Ids): string {
  return ids.bytes(32).toString('base64url');
}

/**
 * How a secret of newSecret is stored: SHA-256. It has 256 bits of its own, so no salt and no slow hash are needed;
 * what a person chose (a password, a short code) must never come here.
 */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** Equal or not, in a time that tells nothing of where they differ; strings as UTF-8. Lengths may differ. */
export function constantTimeEqual(left: string | Uint8Array, right: string | Uint8Array): boolean {
  // Digests have one length, which timingSafeEqual asks for, and hide the lengths compared.
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());
}
