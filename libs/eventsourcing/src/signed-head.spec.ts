import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { announcedKey, signedHeadText, verifySignedHead } from './index.js';
import { consentSource, noon, signHead } from './world.spec-kit.js';

describe('a signed head', () => {
  const source = consentSource();
  const raw = Buffer.from(source.publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const head = signHead('consent/0', source.privateKey, 7, Buffer.alloc(32, 5), noon);

  it('is over exactly the text event.proto names', () => {
    expect(signedHeadText(head).toString()).toBe('tillid-head/v1\nconsent/0\n7\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n1795521600000\n');
  });

  it('holds under its key, and not when any field is another', () => {
    expect(verifySignedHead(head, raw)).toBe(true);
    for (const changed of [{ source: 'consent/1' }, { position: 8 }, { chain: Buffer.alloc(32, 6) }, { timeMs: noon + 1 }, { signature: Buffer.alloc(64) }]) {
      expect(verifySignedHead({ ...head, ...changed }, raw)).toBe(false);
    }
  });

  it('answers false to any rubbish, keys included', () => {
    const bytes = fc.uint8Array({ maxLength: 70 }).map((each) => Buffer.from(each));
    fc.assert(fc.property(bytes, bytes, fc.oneof(bytes, fc.uint8Array({ minLength: 32, maxLength: 32 })), (chain, signature, key) => !verifySignedHead({ ...head, chain, signature }, key)));
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => !verifySignedHead(head, key)));
  });

  it("finds the key in the source's own first event only", async () => {
    await source.announce();
    await source.act('consent-1', { type: 'Request' });
    const [first, second] = await source.log.store.readAll(0, 2);
    expect(announcedKey('consent/0', first!.bytes)).toEqual(raw);
    expect(announcedKey('identity/0', first!.bytes)).toBeUndefined();
    expect(announcedKey('consent/0', second!.bytes)).toBeUndefined();
    expect(announcedKey('consent/0', Buffer.from('rubbish'))).toBeUndefined();
  });
});
