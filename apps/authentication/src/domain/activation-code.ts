import { base32 } from '@tillid/crypto';
import { createHash, timingSafeEqual } from 'node:crypto';

/** 80 bits as "abcd-efgh-ijkl-mnop": a letter can be typed, and five tries can't guess it. */
export function activationCodeFrom(bytes: Uint8Array): string {
  return base32(bytes.subarray(0, 10)).replace(/(.{4})(?=.)/g, '$1-');
}

/** What the vault keeps of it. The code is all chance, so a plain hash hides it; the vault seals it on top. */
export function verifierOf(typed: string): Buffer {
  // A person may leave out the dashes, or write capitals.
  return createHash('sha256').update(typed.toLowerCase().replace(/[^a-z2-7]/g, '')).digest();
}

export function fitsVerifier(typed: string, verifier: Uint8Array | undefined): boolean {
  return verifier !== undefined && verifier.length === 32 && timingSafeEqual(verifierOf(typed), verifier);
}
