import { describe, expect, it } from 'vitest';
import {
  decodeKeyEncryptionKeys,
  encodeKeyEncryptionKeys,
  forgetKeyEncryptionKey,
  KeyEncryptionKeyForgotten,
  newKeyEncryptionKeys,
  rotateKeyEncryptionKey,
  unwrapKey,
  wrapKey,
  wrappedBy,
} from './key-wrapping.js';
import { systemIds } from './random.js';
import { SealBroken } from './seal.js';

const key = systemIds.bytes(32);

describe('a citizen\'s key, wrapped', () => {
  const first = newKeyEncryptionKeys(systemIds);
  const wrapped = wrapKey(first, key, 'citizen-1', systemIds);

  it('opens for its citizen and says which key wrapped it', () => {
    expect(unwrapKey(first, wrapped, 'citizen-1')).toEqual(key);
    expect(wrappedBy(wrapped)).toBe(first.currentId);
  });

  it('opens for nobody else', () => {
    expect(() => unwrapKey(first, wrapped, 'citizen-2')).toThrow(SealBroken);
  });

  it('still opens after the wrapping key rotated; new ones are wrapped by the new key', () => {
    const second = rotateKeyEncryptionKey(first, systemIds);
    expect(unwrapKey(second, wrapped, 'citizen-1')).toEqual(key);
    expect(wrappedBy(wrapKey(second, key, 'citizen-1', systemIds))).toBe(second.currentId);
    expect(second.currentId).not.toBe(first.currentId);
  });

  it('is gone, backups too, once the wrapping key is forgotten', () => {
    const second = forgetKeyEncryptionKey(rotateKeyEncryptionKey(first, systemIds), first.currentId);
    expect(() => unwrapKey(second, wrapped, 'citizen-1')).toThrow(KeyEncryptionKeyForgotten);
  });

  it('is refused when cut short anywhere', () => {
    for (let length = 0; length < wrapped.length; length++) expect(() => unwrapKey(first, wrapped.subarray(0, length), 'citizen-1')).toThrow();
  });
});

describe('the file of key-encryption keys', () => {
  const keys = rotateKeyEncryptionKey(newKeyEncryptionKeys(systemIds), systemIds);

  it('brings back every key and which one wraps', () => {
    expect(decodeKeyEncryptionKeys(encodeKeyEncryptionKeys(keys))).toEqual(keys);
  });

  it('is refused when the current key is missing or a key is short', () => {
    const text = encodeKeyEncryptionKeys(keys).toString();
    expect(() => decodeKeyEncryptionKeys(Buffer.from(text.replace(`"currentId": "${keys.currentId}"`, '"currentId": "x"')))).toThrow();
    expect(() => decodeKeyEncryptionKeys(Buffer.from(text.replace(/"key": "..../, '"key": "')))).toThrow();
  });

  it('never loses the key that wraps', () => {
    expect(() => forgetKeyEncryptionKey(keys, keys.currentId)).toThrow();
  });
});
