import { createHmac, createPublicKey } from 'node:crypto';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import * as fc from 'fast-check';
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemIds } from '../random.js';
import { TokenRefused } from './claims.js';
import { issueCitizenToken } from './issue.js';
import { publicTokenKeys, rotateTokenKeys } from './signing-keys.js';
import { localTokenKeys, verifyCitizenToken } from './verify.js';

const issuer = 'tillid.local/test';
const nowMs = 1_800_000_000_000;
const keys = rotateTokenKeys([], nowMs - 1000, systemIds);
const source = localTokenKeys(publicTokenKeys(keys));
const thumbprint = systemIds.bytes(32).toString('base64url');
const claims = { audience: 'fjordbanken', subject: 'pseudonym', sessionId: 'session', level: AssuranceLevel.SUBSTANTIAL, thumbprint, tokenId: 'token-1' };
const expected = { issuer, audience: 'fjordbanken', thumbprint };
let token: string;

beforeAll(async () => {
  ({ token } = await issueCitizenToken(keys, issuer, claims, nowMs));
});

/** A token of any shape, signed by our own key. */
async function signed(change: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
  const base = { iss: issuer, aud: 'fjordbanken', sub: 'p', sid: 's', jti: 'token-2', iat: nowMs / 1000, exp: nowMs / 1000 + 300, acr: 'https://data.gov.dk/concept/core/nsis/Low', cnf: { 'x5t#S256': thumbprint } };
  return new SignJWT({ ...base, ...change }).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: keys[0]!.kid, ...header }).sign(keys[0]!.privateKey);
}
async function refusal(shown: string, at = nowMs, wanted = expected): Promise<TokenRefused> {
  const error: unknown = await verifyCitizenToken(shown, source, wanted, at).then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  if (!(error instanceof TokenRefused)) throw new Error(`not refused but: ${String(error)}`);
  return error;
}

describe('a citizen\'s token', () => {
  it('says who, how surely, for whom and until when', async () => {
    expect(await verifyCitizenToken(token, source, expected, nowMs)).toEqual({ ...claims, issuedAtMs: nowMs, expiresAtMs: nowMs + 300_000 });
  });

  it('carries the standard claims on the wire', () => {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    expect(payload).toEqual({
      iss: issuer, aud: 'fjordbanken', sub: 'pseudonym', sid: 'session', jti: 'token-1', iat: nowMs / 1000, exp: nowMs / 1000 + 300,
      acr: 'https://data.gov.dk/concept/core/nsis/Substantial', cnf: { 'x5t#S256': thumbprint },
    });
  });

  it('lives five minutes and five seconds of clock skew, not longer than its session', async () => {
    await verifyCitizenToken(token, source, expected, nowMs + 304_000);
    expect(await refusal(token, nowMs + 306_000)).toMatchObject({ code: 'token.expired', tokenId: 'token-1' });
    const short = await issueCitizenToken(keys, issuer, { ...claims, sessionExpiresAtMs: nowMs + 60_000 }, nowMs);
    expect(short.expiresAtMs).toBe(nowMs + 60_000);
    expect((await refusal(short.token, nowMs + 66_000)).code).toBe('token.expired');
  });

  it('is no good from the future, or with a longer life than we give', async () => {
    expect((await refusal(token, nowMs - 6_000)).code).toBe('token.malformed');
    expect((await refusal(await signed({ exp: nowMs / 1000 + 86_400 }), nowMs + 400_000)).code).toBe('token.expired');
  });

  it('shown by another certificate or at another place is a misuse that can be named', async () => {
    const stolen = await refusal(token, nowMs, { ...expected, thumbprint: systemIds.bytes(32).toString('base64url') });
    expect(stolen).toMatchObject({ code: 'token.other_certificate', tokenId: 'token-1' });
    const tooLate = await refusal(token, nowMs + 400_000, { ...expected, thumbprint: systemIds.bytes(32).toString('base64url') });
    expect(tooLate).toMatchObject({ code: 'token.other_certificate', tokenId: 'token-1' });
    expect(await refusal(token, nowMs, { ...expected, audience: 'tillid' })).toMatchObject({ code: 'token.foreign_audience', tokenId: 'token-1' });
    expect((await refusal(token, nowMs, { ...expected, issuer: 'tillid.local/other' })).code).toBe('token.malformed');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['nothing', () => ''],
    ['no JWT', () => 'a.b.c'],
    ['one longer than any of ours', () => `${'a'.repeat(3000)}.b.c`],
    ['two audiences', () => signed({ aud: ['fjordbanken', 'tillid'] })],
    ['no certificate bound', () => signed({ cnf: {} })],
    ['a level we do not know', () => signed({ acr: 'https://data.gov.dk/concept/core/nsis/Highest' })],
    ['no session', () => signed({ sid: undefined })],
    ['another type', () => signed({}, { typ: 'at+jwt' })],
    ['an unknown key id', () => signed({}, { kid: 'other' })],
    ['algorithm none', () => `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${token.split('.')[1]!}.`],
    ['HS256 under our public key', () => {
      const body = `${Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: keys[0]!.kid })).toString('base64url')}.${token.split('.')[1]!}`;
      const publicKey = createPublicKey(keys[0]!.privateKey).export({ type: 'spki', format: 'pem' });
      return `${body}.${createHmac('sha256', publicKey).update(body).digest('base64url')}`;
    }],
  ])('is malformed: %s', async (_what, make) => {
    expect(await refusal(await make())).toMatchObject({ code: 'token.malformed', tokenId: undefined, kind: 'unauthenticated' });
  });

  it('is malformed when any character of it has changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom('A', 'B', 'a', 'b', '0', '1', '_', '-', '.'), async (where, character) => {
        const changed = token.slice(0, where) + character + token.slice(where + 1);
        // The last character of a part holds bits that decoding drops.
        fc.pre(Buffer.from(changed.split('.').at(-1)!, 'base64url').compare(Buffer.from(token.split('.').at(-1)!, 'base64url')) !== 0 || changed.slice(0, -86) !== token.slice(0, -86));
        expect((await refusal(changed)).code).toBe('token.malformed');
      }),
      { numRuns: 200 },
    );
  });
});
