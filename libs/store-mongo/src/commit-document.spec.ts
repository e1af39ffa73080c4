import { mongo } from 'mongoose';
import { describe, expect, it } from 'vitest';
import { emptyChain, nextChain } from '@tillid/eventsourcing';
import { commitOf, commitTo } from '@tillid/testing';
import { commitDocument, commitDocumentBytes, generationKey, headAfter, parseKey, revisionKey, storedCommit } from './commit-document.js';

describe('a commit as a document', () => {
  const commit = commitOf(
    [{ stream: 'a', expectedRevision: 4, events: ['1', '2'] }, { stream: 'b', expectedRevision: 0, events: ['3'] }],
    { reserve: ['name:x', 'name:y'], release: [{ value: 'name:z', generation: 3 }] },
  );
  const document = commitDocument(commit, [1, 12], { position: 7, chain: emptyChain });

  it('holds a key per event, generation and end, in the order of the commit', () => {
    expect(document.s).toEqual(['a@0000000000000005', 'a@0000000000000006', 'b@0000000000000001']);
    expect(document.u).toEqual(['name:x#0000000000000001', 'name:y#0000000000000012']);
    expect(document.r).toEqual(['name:z#0000000000000003']);
  });
  it('stands right after the head it was made for, and moves it and its chain on', () => {
    expect([document._id, document.n]).toEqual([8n, 3]);
    const chain = ['1', '2', '3'].map((event) => Buffer.from(event)).reduce<Uint8Array>(nextChain, emptyChain);
    expect(headAfter(document)).toEqual({ position: 10, chain });
  });
  it('is read back as what was stored', () => {
    expect(storedCommit(document)).toEqual({ commandId: commit.commandId, fingerprint: commit.fingerprint, firstPosition: 8, eventCount: 3, generations: [1, 12] });
  });
  it('has no field at all for reservations it does not make', () => {
    expect(Object.keys(commitDocument(commitTo('a', 0, ['1']), [], { position: 0, chain: emptyChain }))).toEqual(['_id', 'n', 'e', 'chain', 's', 'c', 'f']);
  });
  it('never weighs more than it is counted for', () => {
    const many = Array.from({ length: 2_000 }, () => 'e');
    for (const each of [commit, commitTo('a', 0, ['1']), commitTo('x'.repeat(200), 0, many), commitTo('証'.repeat(200), 9, many, { reserve: ['æ'.repeat(200)] })]) {
      const bytes = mongo.BSON.calculateObjectSize(commitDocument(each, (each.reserve ?? []).map(() => 1), { position: 0, chain: emptyChain }));
      expect(bytes).toBeLessThanOrEqual(commitDocumentBytes(each));
      // Nor so much less that honest commits would be refused.
      expect(commitDocumentBytes(each)).toBeLessThan(bytes * 1.2 + 256);
    }
  });
});

describe('a key', () => {
  it('sorts as its number does, and is taken apart into what it was made of', () => {
    expect(revisionKey('a', 9) < revisionKey('a', 10)).toBe(true);
    expect(parseKey(revisionKey('consent-1', Number.MAX_SAFE_INTEGER))).toEqual({ name: 'consent-1', number: Number.MAX_SAFE_INTEGER });
    expect(parseKey(generationKey('national-number:x', 2))).toEqual({ name: 'national-number:x', number: 2 });
  });
});
