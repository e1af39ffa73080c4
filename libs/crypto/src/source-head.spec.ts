import { generateKeyPairSync } from 'node:crypto';
import { keySuccessionText, signedHeadText, verifySignedHead } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import { newSourceKeyFile, sourceKeysFrom, withNewSourceKey } from './source-head.js';

const content = newSourceKeyFile();
const [key] = sourceKeysFrom(content);
const head = { source: 'consent/0', position: 17, chain: Buffer.alloc(32, 7), timeMs: 1_795_500_000_000 };

describe('a source key', () => {
  it('signs exactly the text the contract names', () => {
    expect(signedHeadText(head).toString()).toBe('tillid-head/v1\nconsent/0\n17\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n1795500000000\n');
    expect(key!.publicKey).toHaveLength(32);
    expect(verifySignedHead(key!.sign(head), key!.publicKey)).toBe(true);
    expect(verifySignedHead(key!.sign(head), sourceKeysFrom(newSourceKeyFile())[0]!.publicKey)).toBe(false);
    for (const changed of [{ source: 'consent/1' }, { position: 18 }, { timeMs: 1 }, { chain: Buffer.alloc(32, 8) }]) {
      expect(verifySignedHead({ ...key!.sign(head), ...changed }, key!.publicKey)).toBe(false);
    }
  });

  it('is kept with all that came before it, oldest first, in the file there always was', () => {
    expect(content.toString()).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\w+/=\n]+-----END PRIVATE KEY-----\n$/);
    const three = sourceKeysFrom(withNewSourceKey(withNewSourceKey(content)));
    expect(three).toHaveLength(3);
    expect(three[0]!.publicKey).toEqual(key!.publicKey);
    expect(new Set(three.map(({ publicKey }) => publicKey.toString('hex'))).size).toBe(3);
  });

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no PEM', Buffer.alloc(32, 7)],
    ['a key that was cut', content.subarray(0, -40)],
    ['a key and something beside it', Buffer.concat([content, Buffer.from('and more')])],
    ['a second key that was cut', Buffer.concat([content, content.subarray(0, -40)])],
    ['a key of another kind', String(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))],
  ])('is not read from %s', (_what, wrong) => {
    expect(() => sourceKeysFrom(Buffer.from(wrong))).toThrow();
  });

  it('vouches for the next by the text the contract names', () => {
    const [, next] = sourceKeysFrom(withNewSourceKey(content));
    expect(keySuccessionText('consent/0', Buffer.alloc(32, 7), Buffer.alloc(32, 0)).toString()).toBe(
      'tillid-source-key/v1\nconsent/0\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n',
    );
    expect(key!.vouchFor('consent/0', next!.publicKey)).toHaveLength(64);
    expect(key!.vouchFor('consent/0', next!.publicKey).equals(key!.vouchFor('identity/0', next!.publicKey))).toBe(false);
  });
});
