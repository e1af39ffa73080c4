import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { Ids } from '@tillid/kernel';

const version = 0x01;
const nonceBytes = 12;
const tagBytes = 16;
/** A sealed value is this much longer than what was sealed. */
export const sealOverheadBytes = 1 + nonceBytes + tagBytes;
export const keyBytes = 32;

/** Not sealed by this key for this place, or changed since: which of these cannot be told. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';

  constructor() {
    super('the sealed value does not open');
  }
}

/**
 * AES-256-GCM: version 0x01, nonce, ciphertext, tag. `context` (the AAD) names the place the value belongs to, such as
 * an event id or "<vault id>": a sealed value moved elsewhere does not open. Nonces are random, so one key may seal at
 * most 2^32 values; a key per citizen never comes near.
 */
export function seal(key: Uint8Array, plaintext: Uint8Array | string, context: Uint8Array | string, ids: Ids): Buffer {
  const nonce = ids.bytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: tagBytes });
  cipher.setAAD(asBytes(context));
  const ciphertext = cipher.update(asBytes(plaintext));
  return Buffer.concat([Buffer.of(version), nonce, ciphertext, cipher.final(), cipher.getAuthTag()]);
}

/** What was sealed; throws SealBroken. */
export function open(key: Uint8Array, sealed: Uint8Array, context: Uint8Array | string): Buffer {
  if (sealed.length < sealOverheadBytes || sealed[0] !== version) throw new SealBroken();
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), sealed.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(asBytes(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plaintext = decipher.update(sealed.subarray(1 + nonceBytes, sealed.length - tagBytes));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    throw new SealBroken();
  }
}

function asBytes(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}
