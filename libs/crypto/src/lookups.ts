import { keyedHashOf } from '@tillid/eventsourcing';
import { base32 } from './base32.js';

/**
 * A value that has few possibilities (a national number, a user id) made searchable without being readable:
 * HMAC-SHA-256 under a secret that is not in the store. `kind` keeps equal values of different kinds apart.
 */
export function keyedLookup(secret: Uint8Array, kind: string, value: string): Buffer {
  return keyedHashOf(secret, 'lookup', kind, value);
}

/** The citizen at one client: 26 characters, the same every time there, and nothing in common with another client's. */
export function pseudonym(secret: Uint8Array, citizenId: string, clientId: string): string {
  return base32(keyedHashOf(secret, 'pseudonym', clientId, citizenId).subarray(0, 16));
}
