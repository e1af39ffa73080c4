import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newSourceKeyFile, signedHeadText, sourceKeyFrom, verifySignedHead } from './source-head.js';

const key = sourceKeyFrom(newSourceKeyFile());
const head = { source: 'consent/0', position: 17, chain: Buffer.alloc(32, 7), timeMs: 1_795_500_000_000 };

describe('a signed head', () => {
  it('is over exactly the text the contract names', () => {
    expect(signedHeadText(head).toString()).toBe('tillid-head/v1\nconsent/0\n17\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n1795500000000\n');
  });

  it('is good under its source\'s key and no other', () => {
    expect(key.publicKey.length).toBe(32);
    expect(verifySignedHead(key.sign(head), key.publicKey)).toBe(true);
    expect(verifySignedHead(key.sign(head), sourceKeyFrom(newSourceKeyFile()).publicKey)).toBe(false);
  });

  it('is not good once anything in it has changed', () => {
    const signed = key.sign(head);
    for (const changed of [{ source: 'consent/1' }, { position: 18 }, { timeMs: 1 }, { chain: Buffer.alloc(32, 8) }]) {
      expect(verifySignedHead({ ...signed, ...changed }, key.publicKey)).toBe(false);
    }
  });

  it('is refused, not a crash, when it is nonsense', () => {
    const noise = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes));
    fc.assert(fc.property(noise, noise, noise, (chain, signature, publicKey) => !verifySignedHead({ ...head, chain, signature }, publicKey)));
  });
});
