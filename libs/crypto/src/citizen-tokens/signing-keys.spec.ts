import { describe, expect, it } from 'vitest';
import { systemIds } from '../random.js';
import { tokenLifetimeMs } from './claims.js';
import { decodeTokenKeys, encodeTokenKeys, publicTokenKeys, rotateTokenKeys, signingTokenKey, tokenKeyLifetimeMs, tokenKeyPublishedAheadMs, type TokenKey } from './signing-keys.js';

const kids = (keys: readonly TokenKey[]) => keys.map(({ kid }) => kid);

describe('the keys that sign tokens', () => {
  const startMs = 1_800_000_000_000;
  const first = rotateTokenKeys([], startMs, systemIds);

  it('begin with one that signs at once', () => {
    expect(signingTokenKey(first, startMs).kid).toBe(first[0]!.kid);
    expect(rotateTokenKeys(first, startMs + 1, systemIds)).toBe(first);
  });

  it('publish the next a day ahead, sign with it when its turn comes, and keep the old one until its last token is dead', () => {
    const turnMs = startMs + tokenKeyLifetimeMs;
    const both = rotateTokenKeys(first, turnMs - tokenKeyPublishedAheadMs, systemIds);
    expect(both).toHaveLength(2);
    expect(rotateTokenKeys(both, turnMs - 1, systemIds)).toBe(both);
    expect(signingTokenKey(both, turnMs - 1).kid).toBe(both[0]!.kid);
    expect(signingTokenKey(both, turnMs).kid).toBe(both[1]!.kid);
    expect(kids(rotateTokenKeys(both, turnMs + tokenLifetimeMs, systemIds))).toEqual(kids(both));
    expect(kids(rotateTokenKeys(both, turnMs + tokenLifetimeMs + 10_000, systemIds))).toEqual([both[1]!.kid]);
  });

  it('start anew after a year asleep', () => {
    const laterMs = startMs + 365 * 24 * 60 * 60 * 1000;
    const keys = rotateTokenKeys(first, laterMs, systemIds);
    expect(signingTokenKey(keys, laterMs).kid).not.toBe(first[0]!.kid);
    expect(() => signingTokenKey(first, laterMs)).toThrow();
  });

  it('come back from their file, and are published without the private part', () => {
    const back = decodeTokenKeys(encodeTokenKeys(first));
    expect(publicTokenKeys(back)).toEqual(publicTokenKeys(first));
    expect(Object.keys(publicTokenKeys(first).keys[0]!).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});
