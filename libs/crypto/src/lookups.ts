import { createHmac } from 'node:crypto';
import { base32 } from './base32.js';

/**
 * A value that has few possibilities (a national number, a user id) made searchable without being readable:
 * HMAC-SHA-256 under a secret that is not in the store. `kind` keeps equal values of different kinds apart.
 */
export function keyedLookup(secret: Uint8Array, kind: string, value: string): Buffer {
  return keyedHash(secret, ['lookup', kind, value]);
}

/** The citizen at one client: 26 characters, the same every time there, and nothing in common with another client's. */
export function pseudonym(secret: Uint8Array, citizenId: string, clientId: string): string {
  return base32(keyedHash(secret, ['pseudonym', clientId, citizenId]).subarray(0, 16));
}

/** HMAC of a request, caller and key included: what a store keeps to tell a retry from another request. */
export function requestFingerprint(secret: Uint8Array, caller: string, idempotencyKey: string, request: Uint8Array): Buffer {
  return keyedHash(secret, ['fingerprint', caller, idempotencyKey, request]);
}

/** Each part goes in with its length before it, so that no two lists of parts are the same bytes. */
function keyedHash(secret: Uint8Array, parts: readonly (string | Uint8Array)[]): Buffer {
  if (secret.length < 32) throw new Error('a look-up secret has at least 32 bytes');
  const hash = createHmac('sha256', secret);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest();
}
