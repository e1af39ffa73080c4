import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemIds } from './random.js';
import { open, seal, SealBroken, sealOverheadBytes } from './seal.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const bytes = (max = 300) => fc.uint8Array({ maxLength: max });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a value under a citizen\'s key', () => {
  // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
  const vector = {
    key: hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
    nonce: hex('cafebabefacedbaddecaf888'),
    context: hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
    plaintext: hex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'),
    ciphertext: hex('522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662'),
    tag: hex('76fc6ece0f4e1768cddf8853bb2d551b'),
  };

  it('is the published test vector behind a version byte', () => {
    const sealed = seal(vector.key, vector.plaintext, vector.context, { ...systemIds, bytes: () => vector.nonce });
    expect(sealed).toEqual(Buffer.concat([hex('01'), vector.nonce, vector.ciphertext, vector.tag]));
    expect(open(vector.key, sealed, vector.context)).toEqual(vector.plaintext);
  });

  it('comes back as it was put, whatever it was', () => {
    fc.assert(
      fc.property(key, bytes(), bytes(40), (key, plaintext, context) => {
        const sealed = seal(key, plaintext, context, systemIds);
        expect(sealed.length).toBe(plaintext.length + sealOverheadBytes);
        expect(open(key, sealed, context).equals(plaintext)).toBe(true);
      }),
    );
  });

  it('does not open when any bit of it has changed', () => {
    fc.assert(
      fc.property(key, bytes(60), fc.nat(), (key, plaintext, where) => {
        const sealed = seal(key, plaintext, 'here', systemIds);
        const bit = where % (sealed.length * 8);
        sealed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => open(key, sealed, 'here')).toThrow(SealBroken);
      }),
    );
  });

  it('does not open in another place, with another key, or when cut short', () => {
    const mine = systemIds.bytes(32);
    const sealed = seal(mine, 'Nørregade 1', 'event-1', systemIds);
    expect(open(mine, sealed, 'event-1').toString()).toBe('Nørregade 1');
    expect(() => open(mine, sealed, 'event-2')).toThrow(SealBroken);
    expect(() => open(systemIds.bytes(32), sealed, 'event-1')).toThrow(SealBroken);
    for (let length = 0; length < sealed.length; length++) expect(() => open(mine, sealed.subarray(0, length), 'event-1')).toThrow(SealBroken);
  });

  it('never looks the same twice', () => {
    const mine = systemIds.bytes(32);
    expect(seal(mine, 'same', 'same', systemIds).equals(seal(mine, 'same', 'same', systemIds))).toBe(false);
  });
});
