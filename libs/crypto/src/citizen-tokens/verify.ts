import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { assuranceLevelOf } from '../assurance-level.js';
import { constantTimeEqual } from '../secrets.js';
import { type CitizenToken, clockSkewMs, tokenLengthMax, TokenRefused, tokenLifetimeMs } from './claims.js';

/** Where the issuer's public keys come from: localTokenKeys or remoteTokenKeys. */
export type TokenKeySource = JWTVerifyGetKey;

export function localTokenKeys(keys: JSONWebKeySet): TokenKeySource {
  return createLocalJWKSet(keys);
}

export interface ExpectedToken {
  readonly issuer: string;
  /** `aud`, whole: the calling relying service's id, or ownRoomsAudience. */
  readonly audience: string;
  /** Of the certificate on the connection that showed it. */
  readonly thumbprint: string;
}

/**
 * Says what a token says, or throws TokenRefused. Keys that cannot be had (the key set's server is away) are no refusal:
 * that error passes through, and the caller answers "try again".
 */
export async function verifyCitizenToken(token: string, keys: TokenKeySource, expected: ExpectedToken, nowMs: number): Promise<CitizenToken> {
  if (token.length > tokenLengthMax) throw new TokenRefused('token.malformed');
  const payload = await verifySignature(token, keys, expected, nowMs);
  const claims = claimsIn(payload);
  if (!constantTimeEqual(claims.thumbprint, expected.thumbprint)) throw new TokenRefused('token.other_certificate', claims.tokenId);
  if (claims.audience !== expected.audience) throw new TokenRefused('token.foreign_audience', claims.tokenId);
  return claims;
}

async function verifySignature(token: string, keys: TokenKeySource, { issuer, thumbprint }: ExpectedToken, nowMs: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES256'],
      typ: 'JWT',
      issuer,
      currentDate: new Date(nowMs),
      clockTolerance: clockSkewMs / 1000,
      maxTokenAge: tokenLifetimeMs / 1000,
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'sid', 'acr', 'cnf'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired(error.payload, thumbprint);
    if (isAboutTheToken(error)) throw new TokenRefused('token.malformed');
    throw error;
  }
}

function claimsIn(payload: JWTPayload): CitizenToken {
  const { aud, sub, jti, iat, exp, sid, acr } = payload;
  const thumbprint = boundTo(payload);
  const level = typeof acr === 'string' ? assuranceLevelOf(acr) : undefined;
  const whole = typeof aud === 'string' && typeof sub === 'string' && typeof jti === 'string' && typeof sid === 'string' && typeof thumbprint === 'string';
  if (!whole || level === undefined || iat === undefined || exp === undefined) throw new TokenRefused('token.malformed');
  return { audience: aud, subject: sub, sessionId: sid, level, thumbprint, tokenId: jti, issuedAtMs: iat * 1000, expiresAtMs: exp * 1000 };
}

/** Its signature is ours, so whoever shows it from another certificate has stolen it, in time to use it or not. */
function expired(payload: JWTPayload, thumbprint: string): TokenRefused {
  const bound = boundTo(payload);
  const stolen = typeof bound === 'string' && !constantTimeEqual(bound, thumbprint);
  return new TokenRefused(stolen ? 'token.other_certificate' : 'token.expired', typeof payload.jti === 'string' ? payload.jti : undefined);
}

function boundTo({ cnf }: JWTPayload): unknown {
  return (cnf as { 'x5t#S256'?: unknown } | undefined)?.['x5t#S256'];
}

/** Everything jose says about the token itself; a key set that times out or answers nonsense is not the token's fault. */
function isAboutTheToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && !(error instanceof errors.JWKSInvalid) && error.code !== 'ERR_JOSE_GENERIC';
}
