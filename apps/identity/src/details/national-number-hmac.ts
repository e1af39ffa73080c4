import { keyedLookup } from '@tillid/crypto';

/** A national number has few possibilities: only under a secret that is in no store may its hash be in an event. */
export function nationalNumberHmac(secret: Uint8Array, digits: string): Buffer {
  return keyedLookup(secret, 'national-number', digits);
}
