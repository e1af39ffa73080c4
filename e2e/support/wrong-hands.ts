import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { type Authority, type CallerName, createAuthority, createSigningRequest, decodeTokenKeys, issueCertificate, issueCitizenToken, rotateTokenKeys, systemIds, thumbprintOf, type TokenKey } from '@tillid/crypto';
import type { System } from './system.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Folders with a key and a certificate in the caller's name, none of which may open a connection. */
export async function wrongCertificates(system: System, name: CallerName): Promise<ReadonlyMap<string, string>> {
  const [keyPem, certificatePem] = await Promise.all(['ca.key', 'ca.pem'].map((file) => readFile(join(system.data, 'authority', file), 'utf8'))) as [string, string];
  const ours: Authority = { keyPem, certificatePem };
  const folder = async (authority: Authority, atMs: number) => {
    const path = await mkdtemp(join(system.data, 'wrong-certificate-'));
    const request = await createSigningRequest(name);
    await writeFile(join(path, 'key.pem'), request.keyPem);
    await writeFile(join(path, 'cert.pem'), await issueCertificate(authority, request.requestPem, name, atMs));
    await writeFile(join(path, 'ca.pem'), certificatePem);
    return path;
  };
  return new Map([
    ["another authority's", await folder(await createAuthority('elsewhere', Date.now()), Date.now())],
    ['a stale one', await folder(ours, Date.now() - 100 * dayMs)],
  ]);
}

/** Tokens as our own authentication would sign them but for one thing each, and some that it never would. */
export async function wrongTokens(system: System, caller: CallerName, citizen: { readonly citizenId: string; readonly token: string; readonly sessionId: string }): Promise<ReadonlyMap<string, string>> {
  // The installation's own keys, as a thief of the file would use them: at any time.
  const ours = decodeTokenKeys(await readFile(join(system.data, 'authentication/secrets/token-keys.json'))).map((key) => ({ ...key, signsFromMs: 0, signsUntilMs: Infinity }));
  const theirs = rotateTokenKeys([], Date.now(), systemIds);
  const thumbprint = thumbprintOf(new X509Certificate(await readFile(join(system.caller(caller.kind, caller.id), 'cert.pem'))).raw);
  const right = { audience: 'tillid', subject: citizen.citizenId, sessionId: citizen.sessionId, level: AssuranceLevel.SUBSTANTIAL, thumbprint, tokenId: systemIds.newId() };
  const sign = async (keys: readonly TokenKey[], claims: Partial<typeof right> = {}, atMs = Date.now(), issuer = system.running.origin) => (await issueCitizenToken(keys, issuer, { ...right, ...claims }, atMs)).token;
  const [header, payload, signature] = citizen.token.split('.') as [string, string, string];
  const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  return new Map([
    ['no token at all', ''],
    ['words', 'e30.e30.e30'],
    ['unsigned', `${unsigned}.${payload}.`],
    ['of another signature', `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`],
    ['of another key', await sign(theirs)],
    ['of another issuer', await sign(ours, {}, Date.now(), 'tillid.local/elsewhere')],
    ['stale', await sign(ours, {}, Date.now() - 10 * minuteMs)],
    ['from tomorrow', await sign(ours, {}, Date.now() + dayMs)],
    ['for another service', await sign(ours, { audience: 'fjordbanken' })],
    ['for another certificate', await sign(ours, { thumbprint: thumbprint.split('').toReversed().join('') })],
    ['of 10,000 characters', `${header}.${'A'.repeat(10_000)}.${signature}`],
  ]);
}
