import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { inMemoryCompareAndSetRecord } from '@tillid/eventsourcing/in-memory';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemIds } from '../random.js';
import { sealedSecrets } from '../service-secrets/sealed-secrets.js';
import type { Secrets } from '../service-secrets/secrets.js';
import { TokenRefused } from './claims.js';
import { issueCitizenToken } from './issue.js';
import { SharedTokenKeys } from './shared-token-keys.js';
import { rotateTokenKeys, tokenKeyLifetimeMs } from './signing-keys.js';
import { localTokenKeys, verifyCitizenToken, type TokenKeySource } from './verify.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const startMs = 1_800_000_000_000;
const issuer = 'tillid.local/test';
const thumbprint = 'thumbprint';
const expected = { issuer, audience: 'tillid', thumbprint };
const claims = { audience: 'tillid', subject: 'citizen', sessionId: 's', level: AssuranceLevel.LOW, thumbprint, tokenId: 't' };

/** Two replicas of authentication on the same secrets, at the same time of day. */
function twoReplicas() {
  const clock = { ms: startMs, nowMs: () => clock.ms };
  const record = inMemoryCompareAndSetRecord();
  let reads = 0;
  let away = false;
  const kept = sealedSecrets({ service: 'authentication', key: Buffer.alloc(32, 'key'), record: () => record, ids: systemIds });
  const secrets: Secrets = {
    ...kept,
    read: (name) => {
      reads++;
      return away ? Promise.reject(new Error('the database is away')) : kept.read(name);
    },
  };
  const [a, b] = [new SharedTokenKeys(secrets, clock, systemIds), new SharedTokenKeys(secrets, clock, systemIds)];
  return { a, b, clock, reads: () => reads, gone: () => void (away = true) };
}
const issue = async (by: SharedTokenKeys, atMs: number) => (await issueCitizenToken(await by.forSigning(atMs), issuer, claims, atMs)).token;
const verify = (token: string, source: TokenKeySource, atMs: number) => verifyCitizenToken(token, source, expected, atMs);
const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
const kids = async (of: SharedTokenKeys) => (await of.published()).keys.map(({ kid }) => kid);

describe('two replicas that issue tokens', () => {
  it('have the same key when both start for the first time at once', async () => {
    const { a, b } = twoReplicas();
    await Promise.all([a.tend(), b.tend()]);
    expect(await kids(a)).toHaveLength(1);
    expect(await kids(a)).toEqual(await kids(b));
    await verify(await issue(a, startMs), b.source, startMs);
  });

  it('agree on the next key, a day before it signs, when both make it at once', async () => {
    const { a, b, clock } = twoReplicas();
    await Promise.all([a.tend(), b.tend()]);
    clock.ms += tokenKeyLifetimeMs - dayMs;
    await Promise.all([a.tend(), b.tend()]);
    expect(await kids(a)).toHaveLength(2);
    expect(await kids(a)).toEqual(await kids(b));
    expect(kidOf(await issue(a, clock.ms))).toBe((await kids(a))[0]);
    clock.ms += dayMs;
    expect(kidOf(await issue(b, clock.ms))).toBe((await kids(a))[1]);
  });

  it('publish what the other one made without being told to look', async () => {
    const { a, b, clock } = twoReplicas();
    await Promise.all([a.tend(), b.tend()]);
    clock.ms += tokenKeyLifetimeMs - dayMs;
    await a.tend();
    expect(await kids(b)).toEqual(await kids(a));
  });

  it('verify a key they have not heard of, and hold it from then on', async () => {
    const { a, b, clock } = twoReplicas();
    await Promise.all([a.tend(), b.tend()]);
    clock.ms += 10 * tokenKeyLifetimeMs;
    // Everyone slept: the new one signs at once.
    await a.tend();
    await verify(await issue(a, clock.ms), b.source, clock.ms);
    expect(kidOf(await issue(b, clock.ms))).toBe(kidOf(await issue(a, clock.ms)));
  });

  it('sign again what was allowed under a key that is gone: it is dead, and no fault', async () => {
    const { a, clock } = twoReplicas();
    await a.tend();
    const allowedAtMs = clock.ms;
    clock.ms += tokenKeyLifetimeMs + dayMs;
    await a.tend();
    const late = await issue(a, allowedAtMs);
    await expect(verify(late, a.source, clock.ms)).rejects.toMatchObject({ code: 'token.expired' });
  });

  it('look no more than once a second, however many invented key ids they are shown', async () => {
    const { a, clock, reads } = twoReplicas();
    await a.tend();
    for (let round = 0; round < 5; round++) {
      clock.ms += 1000;
      const invented = await Promise.all(Array.from({ length: 20 }, () => issueCitizenToken(rotateTokenKeys([], clock.ms, systemIds), issuer, claims, clock.ms)));
      const refused = await Promise.allSettled(invented.map(({ token }) => verify(token, a.source, clock.ms)));
      expect(refused.every((each) => each.status === 'rejected' && each.reason instanceof TokenRefused && each.reason.code === 'token.malformed')).toBe(true);
    }
    expect(reads()).toBe(5);
  });

  it('go on with the keys they have while the secrets are away', async () => {
    const { a, clock, gone } = twoReplicas();
    await a.tend();
    gone();
    clock.ms += 5000;
    await verify(await issue(a, clock.ms), a.source, clock.ms);
    expect(await kids(a)).toHaveLength(1);
    const unknown = await issueCitizenToken(rotateTokenKeys([], clock.ms, systemIds), issuer, claims, clock.ms);
    clock.ms += 1000;
    // Not known is not the same as not ours: "try again" instead of a refusal.
    await expect(verify(unknown.token, a.source, clock.ms)).rejects.toThrow('the database is away');
  });

  it('never issue a token that somebody cannot verify, whenever each of them looks', async () => {
    const step = fc.record({ afterMs: fc.integer({ min: 1, max: 3 * dayMs }), issuer: fc.boolean(), tending: fc.constantFrom('a', 'b', 'both', 'neither') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 120 }), async (steps) => {
        const { a, b, clock } = twoReplicas();
        await Promise.all([a.tend(), b.tend()]);
        const untilMs = new Map<string, number>();
        for (const { afterMs, issuer: byA, tending } of steps) {
          // What a relying party has fetched is five minutes old at most.
          clock.ms += Math.max(0, afterMs - 5 * minuteMs);
          if (tending !== 'neither' && tending !== 'b') await a.tend();
          if (tending === 'b' || tending === 'both') await b.tend();
          const fetched = localTokenKeys(await (byA ? b : a).published());
          const stale = tending === 'neither';
          clock.ms += Math.min(afterMs, 5 * minuteMs);
          const token = await issue(byA ? a : b, clock.ms);
          await verify(token, (byA ? b : a).source, clock.ms);
          untilMs.set(token, clock.ms + 5 * minuteMs);
          // Somebody tended within the day before the change: the key was in the set before it signed.
          if (!stale) await verify(token, fetched, clock.ms);
          for (const [issued, until] of untilMs) {
            if (until > clock.ms) await verify(issued, (byA ? b : a).source, clock.ms);
            else untilMs.delete(issued);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});
