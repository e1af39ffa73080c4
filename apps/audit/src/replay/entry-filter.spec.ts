import { ReplayFilter } from '@tillid/contracts/audit/v1/service';
import { Event, Result } from '@tillid/contracts/event/v1/event';
import { decodeEnvelope } from '@tillid/eventsourcing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryFilter, fieldsOf } from './entry-filter.js';

const texts = fc.constantFrom('', 'consent/0', 'tillid.consent.v1.ShareAuthorized', 'Ærø', 'x'.repeat(200));
const some = fc.constantFrom('consent/0', 'tillid.consent.v1.ShareAuthorized', 'Ærø');
const events = fc.record({
  source: some, type: some, subject: texts, clientId: texts, correlationId: texts, stream: some,
  data: fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes)),
  outcome: fc.option(fc.record({ result: fc.constantFrom(Result.OK, Result.REFUSED, Result.FAILED), reason: texts }), { nil: undefined }),
}).map((fields) => Buffer.from(Event.encode(Event.fromPartial({ ...fields, id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 2), revision: 1 })).finish()));
const values = fc.array(some, { maxLength: 3 });
const filters = fc.record({ sources: values, types: values, subjects: values, clientIds: values, outcomes: fc.array(fc.constantFrom(Result.OK, Result.REFUSED), { maxLength: 2 }) });

/** What a filter means, by decoding everything. */
function passesByMeaning(bytes: Buffer, { sources, types, subjects, clientIds, outcomes }: ReplayFilter): boolean {
  const { source, type, subject, clientId, outcome } = decodeEnvelope(bytes);
  const within = <Value>(wanted: readonly Value[], value: Value) => wanted.length === 0 || wanted.includes(value);
  return within(sources, source) && within(types, type) && within(subjects, subject) && within(clientIds, clientId) && within(outcomes, outcome?.result ?? Result.UNRECOGNIZED);
}

describe('a filter', () => {
  it('lets through what it means, whatever is in the event', () => {
    fc.assert(fc.property(events, filters, (bytes, asked) => {
      expect(entryFilter(asked)?.passes(fieldsOf(bytes)) ?? true).toBe(passesByMeaning(bytes, asked));
    }), { numRuns: 500 });
  });

  it('means the same where an event is written as no writer of ours would', () => {
    const asked = ReplayFilter.fromPartial({ subjects: ['second'], outcomes: [Result.REFUSED] });
    const plain = (more: string) => Buffer.concat([Buffer.from(Event.encode(Event.fromPartial({ id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 2), source: 'consent/0', type: 't', stream: 's', revision: 1, subject: 'first', outcome: { result: Result.OK, reason: '' } })).finish()), Buffer.from(more, 'hex')]);
    const second = `4a06${Buffer.from('second').toString('hex')}8201020802`;
    // The last of a number counts; then unknown fields, fixed-width ones, an end before the end.
    for (const more of [second, `${second}f80105`, `${second}c90c0000000000000000`, `${second}00ff`, `00${second}`]) {
      const bytes = plain(more);
      expect(entryFilter(asked)!.passes(fieldsOf(bytes)), more).toBe(passesByMeaning(bytes, asked));
    }
  });

  it('is the same filter in any order, and another with another value', () => {
    const canonical = (types: string[], subjects: string[] = []) => entryFilter(ReplayFilter.fromPartial({ types, subjects }))?.canonical;
    expect(canonical(['a', 'b'])).toBe(canonical(['b', 'a', 'a']));
    expect(new Set([canonical(['a']), canonical(['b']), canonical([], ['a']), canonical(['a', 'b']), canonical(['a,b'])]).size).toBe(5);
    expect(canonical([])).toBeUndefined();
  });
});
