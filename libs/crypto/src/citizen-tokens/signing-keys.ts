import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, createPrivateKey } from 'node:crypto';
import type { Ids } from '@tillid/kernel';
import type { JSONWebKeySet } from 'jose';
import { clockSkewMs, tokenLifetimeMs } from './claims.js';

/** An ES256 key and the time in which it signs. */
export interface TokenKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly signsFromMs: number;
  readonly signsUntilMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;
export const tokenKeyLifetimeMs = 90 * dayMs;
/** The next key is published this long before its turn: every cached key set has it by then. */
export const tokenKeyPublishedAheadMs = dayMs;
const publishedAfterMs = tokenLifetimeMs + 2 * clockSkewMs;

/** The first key signs at once; the next is added when its day comes near; what can no longer have a live token goes. */
export function rotateTokenKeys(keys: readonly TokenKey[], nowMs: number, ids: Ids): readonly TokenKey[] {
  const kept = keys.filter((key) => nowMs < key.signsUntilMs + publishedAfterMs);
  const lastUntilMs = Math.max(0, ...kept.map((key) => key.signsUntilMs));
  if (lastUntilMs <= nowMs) return [...kept, newTokenKey(nowMs, ids)];
  if (lastUntilMs - nowMs <= tokenKeyPublishedAheadMs) return [...kept, newTokenKey(lastUntilMs, ids)];
  return kept.length === keys.length ? keys : kept;
}

/** The one that signs what was allowed at an instant. */
export function signingTokenKey(keys: readonly TokenKey[], atMs: number): TokenKey {
  const key = signsAt(keys, atMs);
  if (!key) throw new Error('no token key signs now: rotateTokenKeys was not called in time');
  return key;
}

export function signsAt(keys: readonly TokenKey[], atMs: number): TokenKey | undefined {
  // Before them all: a replica's clock is a little behind the one that made the first, or the key of that time is gone,
  // and then whatever it would have signed is dead too.
  const [first] = keys;
  if (first && atMs < first.signsFromMs) return first;
  return keys.find((candidate) => candidate.signsFromMs <= atMs && atMs < candidate.signsUntilMs);
}

/** What the JWKS endpoint serves: public parts only. */
export function publicTokenKeys(keys: readonly TokenKey[]): JSONWebKeySet {
  return {
    keys: keys.map(({ kid, privateKey }) => {
      const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
      return { kty: kty!, crv: crv!, x: x!, y: y!, kid, alg: 'ES256', use: 'sig' };
    }),
  };
}

/** The content of the secret they are kept in. */
export function encodeTokenKeys(keys: readonly TokenKey[]): Buffer {
  const list = keys.map(({ privateKey, ...rest }) => ({ ...rest, jwk: privateKey.export({ format: 'jwk' }) }));
  return Buffer.from(`${JSON.stringify({ version: 1, keys: list }, null, 2)}\n`);
}

export function decodeTokenKeys(content: Uint8Array): readonly TokenKey[] {
  const file = JSON.parse(Buffer.from(content).toString('utf8')) as { version: number; keys: (Omit<TokenKey, 'privateKey'> & { jwk: JsonWebKey })[] };
  if (file.version !== 1 || file.keys.length === 0) throw new Error('the file of token keys is not one this version can read');
  return file.keys.map(({ jwk, ...rest }) => ({ ...rest, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) }));
}

function newTokenKey(signsFromMs: number, ids: Ids): TokenKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Short: it tells apart three keys at most, and is the same in everyone's token.
  return { kid: ids.newId().slice(0, 8), privateKey, signsFromMs, signsUntilMs: signsFromMs + tokenKeyLifetimeMs };
}
