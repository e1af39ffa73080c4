import { createHmac, createSecretKey } from 'node:crypto';
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

/** Each part goes in with its length before it, so that no two lists of parts are the same bytes. */
function keyedHash(secret: Uint8Array, parts: readonly string[]): Buffer {
  if (secret.length < 32) throw new Error('a look-up secret has at least 32 bytes');
  // As a key object: node takes five times as long to make one of bytes by itself.
  const hash = createHmac('sha256', createSecretKey(secret));
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest();
}
