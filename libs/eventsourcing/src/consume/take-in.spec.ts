import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { nextChain, startingPoint, takeIn, type FeedBatch, type SourceEvent, type Standing, type Transport } from '../index.js';
import { consentSource, noon, signHead } from '../world.spec-kit.js';

const begin: Standing = { checkpoint: startingPoint, pending: [] };
const { privateKey: foreignKey } = generateKeyPairSync('ed25519');

let source: ReturnType<typeof consentSource>;
let all: Required<FeedBatch>;

/** The key and twelve consents: thirteen events. */
beforeAll(async () => {
  source = consentSource();
  await source.announce();
  for (let consent = 1; consent <= 12; consent++) await source.act(`consent-${consent}`, { type: 'Request' });
  all = await source.batch(0);
});

const take = (standing: Standing, batch: FeedBatch, transport: Transport = 'direct') => takeIn('consent/0', standing, batch, transport);
const chainAt = (position: number): Uint8Array => all.events.slice(0, position).reduce<Uint8Array>((chain, bytes) => nextChain(chain, bytes), startingPoint.chain);
const headAt = (position: number, timeMs = noon + position) => signHead('consent/0', source.privateKey, position, chainAt(position), timeMs);
/** Events first ... last, under the head as of `head`. */
const batch = (first: number, last: number, head = last): FeedBatch => ({ firstPosition: last < first ? 0 : first, events: all.events.slice(first - 1, last), head: headAt(head) });
const upTo = (position: number): Standing => {
  const verdict = take(begin, batch(1, position));
  if (verdict.kind !== 'apply') throw new Error(verdict.kind);
  return verdict.standing;
};

describe('a batch from the source', () => {
  it('counts up to its head, and pins the key the first event announces', () => {
    const verdict = take(begin, batch(1, 13));
    expect(verdict).toMatchObject({ kind: 'apply', standing: { checkpoint: { position: 13, headTimeMs: noon + 13 }, pending: [] } });
    expect(verdict.kind === 'apply' && verdict.events.map(({ position }) => position)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    expect(upTo(13).checkpoint.chain).toEqual(chainAt(13));
    expect(upTo(13).checkpoint.key).toHaveLength(32);
  });

  it('that goes on where we are is applied; one we have is dropped; one that overlaps adds what is new', () => {
    expect(take(upTo(5), batch(6, 8))).toMatchObject({ kind: 'apply', events: [{ position: 6 }, { position: 7 }, { position: 8 }] });
    expect(take(upTo(8), batch(6, 8))).toMatchObject({ kind: 'wait' });
    expect(take(upTo(7), batch(3, 9))).toMatchObject({ kind: 'apply', events: [{ position: 8 }, { position: 9 }] });
  });

  it('that leaves something out is a gap, at its beginning or before its head', () => {
    expect(take(upTo(5), batch(7, 8))).toEqual({ kind: 'gap' });
    expect(take(upTo(5), batch(6, 7, 8))).toEqual({ kind: 'gap' });
    expect(take(upTo(5), batch(6, 5, 8))).toEqual({ kind: 'gap' });
  });

  it('without a head counts for nothing until a head covers it', () => {
    const waiting = take(upTo(5), { ...batch(6, 8), head: undefined });
    if (waiting.kind !== 'wait') throw new Error(waiting.kind);
    expect(waiting.standing.checkpoint.position).toBe(5);
    expect(take(waiting.standing, { firstPosition: 0, events: [], head: headAt(7) })).toMatchObject({ kind: 'apply', events: [{ position: 6 }, { position: 7 }], standing: { pending: [all.events[7]] } });
  });

  it('never signed at all does not fill the memory', () => {
    const big = Array.from({ length: 150 }, () => Buffer.alloc(60 * 1024));
    expect(take(begin, { firstPosition: 1, events: big })).toEqual({ kind: 'gap' });
    expect(take(begin, { firstPosition: 1, events: Array.from({ length: 100_001 }, () => Buffer.alloc(0)) })).toEqual({ kind: 'gap' });
  });

  it('under a head that never moves on does not fill the memory either', () => {
    const big = Array.from({ length: 150 }, () => Buffer.alloc(60 * 1024));
    const nothingYet = signHead('consent/0', source.privateKey, 0, startingPoint.chain, noon);
    expect(take(begin, { firstPosition: 1, events: big, head: nothingYet })).toEqual({ kind: 'gap' });
    for (const head of [headAt(4), headAt(5)]) expect(take(upTo(5), { firstPosition: 6, events: big, head })).toEqual({ kind: 'gap' });
  });
});

describe('a source that is not the one we followed', () => {
  it('lost what we applied: a newer head below ours parks it, an older one is only late', () => {
    expect(take(upTo(8), { firstPosition: 0, events: [], head: headAt(5, noon + 1000) })).toEqual({ kind: 'park', reason: 'source.behind_us' });
    expect(take(upTo(8), batch(6, 7))).toMatchObject({ kind: 'wait' });
  });

  it('whose clock went back keeps the newest time we heard, so that a rollback after it still shows', () => {
    const ahead = take(upTo(5), { ...batch(6, 8), head: headAt(8, noon + 1000) });
    if (ahead.kind !== 'apply') throw new Error(ahead.kind);
    expect(take(ahead.standing, batch(9, 10))).toMatchObject({ kind: 'apply', standing: { checkpoint: { position: 10, headTimeMs: noon + 1000 } } });
  });

  it('rewrote its past: the chain no longer goes on from ours', () => {
    const rewritten = nextChain(chainAt(7), Buffer.from('another eighth event'));
    expect(take(upTo(8), { firstPosition: 0, events: [], head: signHead('consent/0', source.privateKey, 8, rewritten, noon + 1000) })).toEqual({ kind: 'park', reason: 'source.chain_differs' });
    const after = nextChain(rewritten, all.events[8]!);
    expect(take(upTo(8), { firstPosition: 9, events: [all.events[8]!], head: signHead('consent/0', source.privateKey, 9, after, noon + 1000) })).toEqual({ kind: 'differs', reason: 'source.chain_differs' });
  });

  it('signs with another key, for another source, or announced none', () => {
    expect(take(upTo(5), { ...batch(6, 8), head: signHead('consent/0', foreignKey, 8, chainAt(8), noon) })).toEqual({ kind: 'differs', reason: 'source.head_not_signed' });
    expect(take(upTo(5), { ...batch(6, 8), head: signHead('identity/0', source.privateKey, 8, chainAt(8), noon) })).toEqual({ kind: 'differs', reason: 'source.head_not_signed' });
    const second = { firstPosition: 1, events: [all.events[1]!], head: signHead('consent/0', source.privateKey, 1, nextChain(startingPoint.chain, all.events[1]!), noon) };
    expect(take(begin, second)).toEqual({ kind: 'differs', reason: 'source.key_not_announced' });
  });
});

describe('a broker', () => {
  it('cannot make us hold its own key: the first event is asked from the source', () => {
    expect(take(begin, batch(1, 5), 'relayed')).toEqual({ kind: 'gap' });
    expect(take(upTo(5), batch(6, 8), 'relayed')).toMatchObject({ kind: 'apply' });
  });

  it('with a newer head that knows less makes us ask the source, and parks nothing: two replicas have two clocks', () => {
    expect(take(upTo(8), { firstPosition: 0, events: [], head: headAt(5, noon + 1000) }, 'relayed')).toEqual({ kind: 'differs', reason: 'source.behind_us' });
    expect(take(upTo(8), { firstPosition: 0, events: [], head: headAt(5) }, 'relayed')).toMatchObject({ kind: 'wait' });
  });

  it('that injects, alters, drops or reorders is never believed', () => {
    const events = fc.array(fc.oneof(fc.integer({ min: 0, max: 12 }).map((index) => all.events[index]!), fc.uint8Array({ minLength: 1, maxLength: 20 })), { maxLength: 8 });
    const head = fc.oneof(fc.integer({ min: 1, max: 13 }).map((position) => headAt(position)), fc.constant(signHead('consent/0', foreignKey, 9, chainAt(9), noon + 9)), fc.constant(undefined));
    const hostile = fc.record({ firstPosition: fc.integer({ min: 0, max: 14 }), events, head });
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 12 }), (batches) => {
        let standing = upTo(3);
        const applied: SourceEvent[] = [];
        for (const each of batches) {
          const verdict = take(standing, each, 'relayed');
          if (verdict.kind === 'apply') applied.push(...verdict.events);
          // As followSource does: what is not yet confirmed goes, and reading begins again.
          standing = 'standing' in verdict ? verdict.standing : { ...standing, pending: [] };
        }
        expect(applied.map(({ bytes }) => bytes)).toEqual(all.events.slice(3, 3 + applied.length));
        expect(applied.map(({ position }) => position)).toEqual(applied.map((_, index) => index + 4));
      }),
      { numRuns: 300 },
    );
  });
});

describe('any schedule of duplicated, late, reordered and cut batches', () => {
  it('ends, with back-fill, in the state of the batches in order', () => {
    const piece = fc.tuple(fc.integer({ min: 1, max: 13 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        let standing = begin;
        const applied: number[] = [];
        const feed = (each: FeedBatch): void => {
          const verdict = take(standing, each);
          if (verdict.kind === 'park' || verdict.kind === 'differs') throw new Error(`parked ${verdict.reason}`);
          if (verdict.kind === 'apply') applied.push(...verdict.events.map(({ position }) => position));
          standing = verdict.kind === 'gap' ? { ...standing, pending: [] } : verdict.standing;
        };
        for (const [first, length, cut] of pieces) {
          const last = Math.min(13, first + length);
          feed({ ...batch(first, last), events: all.events.slice(first - 1, last - cut) });
        }
        feed(batch(standing.checkpoint.position + 1, 13));
        expect(applied).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
        expect(standing).toEqual(upTo(13));
      }),
      { numRuns: 300 },
    );
  });
});
