import { SignJWT } from 'jose';
import { assuranceUri } from '../assurance-level.js';
import { type CitizenToken, tokenLifetimeMs } from './claims.js';
import { signingTokenKey, type TokenKey } from './signing-keys.js';

/** A token that ends five minutes on, or with the session if that is sooner. Only authentication issues them. */
export async function issueCitizenToken(
  keys: readonly TokenKey[],
  issuer: string,
  claims: Omit<CitizenToken, 'issuedAtMs' | 'expiresAtMs'> & { readonly sessionExpiresAtMs?: number },
  nowMs: number,
): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
  const { kid, privateKey } = signingTokenKey(keys, nowMs);
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresAt = Math.floor(Math.min(nowMs + tokenLifetimeMs, claims.sessionExpiresAtMs ?? Infinity) / 1000);
  const token = await new SignJWT({ sid: claims.sessionId, acr: assuranceUri(claims.level), cnf: { 'x5t#S256': claims.thumbprint } })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .setIssuer(issuer)
    .setAudience(claims.audience)
    .setSubject(claims.subject)
    .setJti(claims.tokenId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(privateKey);
  return { token, expiresAtMs: expiresAt * 1000 };
}
