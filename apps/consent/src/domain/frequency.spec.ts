import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { fold } from '@tillid/eventsourcing';
import { consent } from './consent.decider.js';
import type { ConsentEvent } from './consent.messages.js';
import { capReached, countUse, unused } from './frequency.js';

const dayMs = 86_400_000;
const dayOf = (atMs: number): number => Math.floor(atMs / dayMs);

describe('a cap per day', () => {
  it('is what counting every use by its UTC day would say', () => {
    const waits = fc.array(fc.integer({ min: 0, max: dayMs }), { maxLength: 200 });
    fc.assert(
      fc.property(waits, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 3 * dayMs }), (waitsMs, perDay, startMs) => {
        let use = unused;
        let atMs = startMs;
        const counted = new Map<number, number>();
        for (const waitMs of waitsMs) {
          atMs += waitMs;
          const today = counted.get(dayOf(atMs)) ?? 0;
          const expected = perDay > 0 && today >= perDay;
          expect(capReached(use, perDay, atMs)).toBe(expected);
          if (expected) continue;
          use = countUse(use, atMs);
          counted.set(dayOf(atMs), today + 1);
        }
      }),
    );
  });

  it('holds for shares as they are asked for and answered', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: dayMs / 2 }), { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (waitsMs, sharesPerDay) => {
        let atMs = Date.UTC(2026, 10, 24);
        let state = fold(consent, grantedConsent(sharesPerDay, atMs));
        const yeses: number[] = [];
        for (const waitMs of waitsMs) {
          atMs += waitMs;
          const asked = consent.decide({ type: 'RequestShare', receiverId: 'egebaek', attributes: ['address'], purpose: 'p', nowMs: atMs, recordsRefusal: true }, state);
          state = fold(consent, asked, state);
          const today = yeses.filter((yes) => dayOf(yes) === dayOf(atMs)).length;
          expect(asked[0]?.type).toBe(today < sharesPerDay ? 'ShareRequested' : 'ShareRefused');
          if (asked[0]?.type !== 'ShareRequested') continue;
          const number = state.status === 'granted' ? state.shares.lastNumber : 0;
          const answered = consent.decide({ type: 'AuthorizeShare', number, providerId: 'identity', nowMs: atMs }, state);
          expect(answered[0]?.type).toBe('ShareAuthorized');
          state = fold(consent, answered, state);
          yeses.push(atMs);
        }
      }),
    );
  });

  it('gives no second quota to a clock that steps back over midnight', () => {
    const afterMidnight = 10 * dayMs;
    const use = countUse(countUse(unused, afterMidnight), afterMidnight);
    expect(capReached(use, 2, afterMidnight - 1)).toBe(true);
    expect(capReached(countUse(countUse(unused, afterMidnight), afterMidnight - 1), 2, afterMidnight)).toBe(true);
  });
});

function grantedConsent(sharesPerDay: number, atMs: number): ConsentEvent[] {
  const id = 'a'.repeat(26);
  const at = { matter: { receiverId: 'egebaek', subject: 'b'.repeat(26), basis: id, purpose: 'p' }, atMs };
  const terms = { attributes: ['address'], textHash: Buffer.alloc(32), expiresAtMs: atMs + 365 * dayMs };
  return [
    { type: 'ConsentRequested', consentId: id, ...terms, providerId: 'identity', agreementId: 'a1', purpose: 'p', textVersion: '1', language: 'da', sharesPerDay, retentionDays: 1, ...at },
    { type: 'ConsentGranted', consentId: id, grantId: 'grant-1', ...terms, ...at },
  ];
}
