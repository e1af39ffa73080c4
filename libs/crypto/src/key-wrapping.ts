import type { Ids } from '@tillid/kernel';
import { keyBytes, open, seal, SealBroken } from './seal.js';

/**
 * The keys that wrap citizens' keys. The newest wraps; older ones only unwrap, until every key has been wrapped again.
 * A key-encryption key that is forgotten takes every backup wrapped by it along: that is how erasure reaches backups.
 */
export interface KeyEncryptionKeys {
  readonly currentId: string;
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/** The wrapping key was forgotten: the citizen's key is gone for good. */
export class KeyEncryptionKeyForgotten extends Error {
  override readonly name = 'KeyEncryptionKeyForgotten';
}

export function newKeyEncryptionKeys(ids: Ids): KeyEncryptionKeys {
  return rotateKeyEncryptionKey({ currentId: '', keys: new Map() }, ids);
}

/** A new key wraps from here on; what the old ones wrapped still opens. */
export function rotateKeyEncryptionKey(keys: KeyEncryptionKeys, ids: Ids): KeyEncryptionKeys {
  const currentId = ids.newId();
  return { currentId, keys: new Map([...keys.keys, [currentId, ids.bytes(keyBytes)]]) };
}

/** Refuses to forget the one that wraps. Call it once nothing in use is wrapped by `id` any more. */
export function forgetKeyEncryptionKey(keys: KeyEncryptionKeys, id: string): KeyEncryptionKeys {
  if (id === keys.currentId) throw new Error('the current key-encryption key cannot be forgotten');
  return { currentId: keys.currentId, keys: new Map([...keys.keys].filter(([kept]) => kept !== id)) };
}

/** length of the id, the id, the sealed key. `owner` (a citizen id) is bound in: a wrapped key opens for nobody else. */
export function wrapKey(keys: KeyEncryptionKeys, key: Uint8Array, owner: string, ids: Ids): Buffer {
  const id = Buffer.from(keys.currentId, 'ascii');
  return Buffer.concat([Buffer.of(id.length), id, seal(keyOf(keys, keys.currentId), key, context(keys.currentId, owner), ids)]);
}

/** Throws KeyEncryptionKeyForgotten or SealBroken. */
export function unwrapKey(keys: KeyEncryptionKeys, wrapped: Uint8Array, owner: string): Buffer {
  const id = wrappedBy(wrapped);
  return open(keyOf(keys, id), wrapped.subarray(1 + id.length), context(id, owner));
}

/** Id of the key-encryption key a wrapped key needs: what tells a sweep which ones are to be wrapped again. */
export function wrappedBy(wrapped: Uint8Array): string {
  const length = wrapped[0] ?? 0;
  if (length === 0 || wrapped.length <= 1 + length) throw new SealBroken();
  return Buffer.from(wrapped.subarray(1, 1 + length)).toString('ascii');
}

/** The content of the secret they are kept in. */
export function encodeKeyEncryptionKeys(keys: KeyEncryptionKeys): Buffer {
  const list = [...keys.keys].map(([id, key]) => ({ id, key: Buffer.from(key).toString('base64url') }));
  return Buffer.from(`${JSON.stringify({ version: 1, currentId: keys.currentId, keys: list }, null, 2)}\n`);
}

export function decodeKeyEncryptionKeys(content: Uint8Array): KeyEncryptionKeys {
  const file = JSON.parse(Buffer.from(content).toString('utf8')) as { version: number; currentId: string; keys: { id: string; key: string }[] };
  const keys = new Map(file.keys.map(({ id, key }) => [id, Buffer.from(key, 'base64url')] as const));
  const whole = file.version === 1 && [...keys.values()].every((key) => key.length === keyBytes) && keys.has(file.currentId);
  if (!whole) throw new Error('the file of key-encryption keys is not one this version can read');
  return { currentId: file.currentId, keys };
}

function keyOf(keys: KeyEncryptionKeys, id: string): Uint8Array {
  const key = keys.keys.get(id);
  if (key === undefined) throw new KeyEncryptionKeyForgotten(`key-encryption key ${id} was forgotten`);
  return key;
}

function context(keyEncryptionKeyId: string, owner: string): string {
  return `tillid-wrapped-key/v1\n${keyEncryptionKeyId}\n${owner}\n`;
}
