import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedLookup, pseudonym } from './lookups.js';

const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => index));

describe('look-ups and pseudonyms', () => {
  // Computed apart, with Python's hmac. They stand in stores and logs: a change here orphans every one of them.
  it('stay what they were in every release', () => {
    expect(keyedLookup(secret, 'national-number', '6105801234').toString('hex')).toBe('5419d9de65fe003fb96d3302287c5a27ec3089fbb2b4f4ddbae82de252895802');
    expect(pseudonym(secret, 'citizen1', 'fjordbanken')).toBe('qrvguwm67la7cnhpxxm5axi5yi');
  });

  it('are different for every other secret, kind, value, citizen and client', () => {
    const text = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        fc.pre(a !== c || b !== d);
        expect(keyedLookup(secret, a, b).equals(keyedLookup(secret, c, d))).toBe(false);
        expect(pseudonym(secret, a, b)).not.toBe(pseudonym(secret, c, d));
      }),
    );
    expect(keyedLookup(Buffer.alloc(32, 9), 'a', 'b').equals(keyedLookup(secret, 'a', 'b'))).toBe(false);
  });

  it('are not made under a short secret', () => {
    expect(() => pseudonym(Buffer.alloc(16), 'citizen1', 'fjordbanken')).toThrow();
  });
});
