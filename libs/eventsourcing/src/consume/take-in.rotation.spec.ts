import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { checkpointAt, keySuccessionText, nextChain, startingPoint, takeIn, type FeedBatch, type SourceEvent, type Standing, type Transport } from '../index.js';
import { inMemoryEventStore } from '../in-memory/index.js';
import { announceKey, consentSource, noon, rawKey, signHead, testClock } from '../world.spec-kit.js';

/** The first key, four consents, the second key at 6, four more, the third key at 11, two more: 13 events. */
const [secondKeyAt, thirdKeyAt, newest] = [6, 11, 13];
const begin: Standing = { checkpoint: startingPoint, pending: [] };
const thief = generateKeyPairSync('ed25519');
let source: ReturnType<typeof consentSource>;
let events: readonly Uint8Array[];

beforeAll(async () => {
  source = consentSource();
  await source.announce();
  for (let consent = 1; consent <= 10; consent++) {
    await source.act(`consent-${consent}`, { type: 'Request' });
    if (consent === 4 || consent === 8) await source.rotate();
  }
  events = (await source.batch(0)).events;
});

const chainAfter = (bytes: readonly Uint8Array[]): Uint8Array => bytes.reduce<Uint8Array>((chain, event) => nextChain(chain, event), startingPoint.chain);
const headAt = (position: number, key = source.keyAt(position), timeMs = noon + position) => signHead('consent/0', key, position, chainAfter(events.slice(0, position)), timeMs);
const batch = (first: number, last: number, head = headAt(last)): FeedBatch => ({ firstPosition: last < first ? 0 : first, events: events.slice(first - 1, last), head });
const take = (standing: Standing, each: FeedBatch, transport: Transport = 'direct') => takeIn('consent/0', standing, each, transport);
function upTo(position: number): Standing {
  const verdict = take(begin, batch(1, position));
  if (verdict.kind !== 'apply') throw new Error(verdict.kind);
  return verdict.standing;
}
const key = (position: number) => Buffer.from(upTo(position).checkpoint.key).toString('hex');
const notSigned = { kind: 'differs', reason: 'source.head_not_signed' };

describe('a source that changes its key', () => {
  it('is followed through it, whichever way its events are cut into batches', () => {
    for (let cut = 1; cut < newest; cut++) {
      const verdict = take(upTo(cut), batch(cut + 1, newest));
      expect(verdict).toMatchObject({ kind: 'apply' });
      expect(verdict.kind === 'apply' && verdict.standing).toEqual(upTo(newest));
    }
  });

  it('has the new key in force from its announcement on, and not before', () => {
    expect(new Set([key(1), key(5), key(6), key(10), key(11), key(13)]).size).toBe(3);
    expect([key(5), key(10), key(13)]).toEqual([key(1), key(6), key(11)]);
    for (const early of [5, 4]) expect(take(upTo(3), batch(4, early, headAt(early, source.keyAt(secondKeyAt))))).toEqual(notSigned);
    expect(take(upTo(3), batch(4, secondKeyAt, headAt(secondKeyAt, source.keyAt(1))))).toEqual(notSigned);
  });

  it('keeps the old key at every event before it, when a consumer could not apply them all', () => {
    const verdict = take(upTo(3), batch(4, newest));
    if (verdict.kind !== 'apply') throw new Error(verdict.kind);
    for (const event of verdict.events) {
      const stopped = checkpointAt(event, verdict.standing.checkpoint);
      expect(stopped).toEqual({ ...upTo(event.position).checkpoint, headTimeMs: noon + newest });
    }
  });

  it('may say nothing new for a while, under the new key', () => {
    expect(take(upTo(secondKeyAt), { firstPosition: 0, events: [], head: headAt(secondKeyAt, source.keyAt(secondKeyAt), noon + 1000) })).toMatchObject({ kind: 'wait' });
  });
});

describe('a key that was replaced', () => {
  it('signs nothing more for who has heard of the next: not a head where they are, and not what comes after', () => {
    const stolen = source.keyAt(1);
    const forged = Buffer.from('an event that never was');
    const further = signHead('consent/0', stolen, 8, nextChain(chainAfter(events.slice(0, 7)), forged), noon + 8);
    for (const transport of ['direct', 'relayed'] as const) {
      expect(take(upTo(7), { firstPosition: 8, events: [forged], head: further }, transport)).toEqual(notSigned);
      expect(take(upTo(7), { firstPosition: 8, events: [events[7]!], head: headAt(8, stolen) }, transport)).toEqual(notSigned);
      expect(take(upTo(7), { firstPosition: 0, events: [], head: headAt(7, stolen, noon + 1000) }, transport)).toEqual(notSigned);
    }
  });

  it('cannot bring back itself, or another, with an announcement', async () => {
    for (const next of [thief.publicKey, source.publicKey]) {
      const forged = await announcement(next, source.privateKey, source.publicKey);
      const chain = nextChain(chainAfter(events.slice(0, 7)), forged);
      for (const by of [thief.privateKey, source.privateKey]) {
        expect(take(upTo(7), { firstPosition: 8, events: [forged], head: signHead('consent/0', by, 8, chain, noon + 8) })).toEqual(notSigned);
      }
    }
  });

  it('in a source that was put back to before the change parks it', () => {
    expect(take(upTo(8), { firstPosition: 0, events: [], head: headAt(5, source.keyAt(5), noon + 60_000) })).toEqual(notSigned);
  });

  it('under what a relay repeats from long ago has no effect, and what is new after it counts', () => {
    const repeated = take(upTo(8), batch(3, 5), 'relayed');
    expect(repeated).toMatchObject({ kind: 'wait', standing: { checkpoint: upTo(8).checkpoint, pending: [] } });
    expect(repeated.kind === 'wait' && take(repeated.standing, batch(9, 10), 'relayed')).toMatchObject({ kind: 'apply' });
  });
});

describe('an announcement that nobody vouches for', () => {
  it('is no key though the source itself has it in its log: the key in force goes on', async () => {
    const forged = await announcement(thief.publicKey, thief.privateKey, source.publicKey);
    const chain = nextChain(chainAfter(events.slice(0, 3)), forged);
    const signed = (by: KeyObject) => take(upTo(3), { firstPosition: 4, events: [forged], head: signHead('consent/0', by, 4, chain, noon + 4) });
    expect(signed(thief.privateKey)).toEqual(notSigned);
    const goesOn = signed(source.keyAt(1));
    expect(goesOn.kind === 'apply' && goesOn.standing.checkpoint.key).toEqual(upTo(1).checkpoint.key);
  });

  it('of another source is no key either', async () => {
    const forged = await announcement(thief.publicKey, source.privateKey, source.publicKey, 'identity/0');
    const chain = nextChain(chainAfter(events.slice(0, 3)), forged);
    expect(take(upTo(3), { firstPosition: 4, events: [forged], head: signHead('consent/0', thief.privateKey, 4, chain, noon + 4) })).toEqual(notSigned);
  });

  it('and that no verified head covers, has no effect: the source\'s next head does not continue it', async () => {
    const forged = await announcement(thief.publicKey, thief.privateKey, source.publicKey);
    const held = take(upTo(3), { firstPosition: 4, events: [forged] }, 'relayed');
    if (held.kind !== 'wait') throw new Error(held.kind);
    expect(take(held.standing, { firstPosition: 0, events: [], head: headAt(4) }, 'relayed')).toEqual({ kind: 'differs', reason: 'source.chain_differs' });
    expect(take(held.standing, { firstPosition: 0, events: [], head: signHead('consent/0', thief.privateKey, 4, nextChain(chainAfter(events.slice(0, 3)), forged), noon + 4) }, 'relayed')).toEqual(notSigned);
  });
});

describe('whatever is sent', () => {
  const applyAll = (standing: Standing, batches: readonly FeedBatch[], transport: Transport) => {
    const applied: SourceEvent[] = [];
    for (const each of batches) {
      const verdict = take(standing, each, transport);
      if (verdict.kind === 'apply') applied.push(...verdict.events);
      standing = 'standing' in verdict ? verdict.standing : { ...standing, pending: [] };
    }
    return { applied, standing };
  };

  it('by a broker that has stolen both replaced keys, to who has heard of the third, is never believed', async () => {
    const own = await announcement(thief.publicKey, source.privateKey, source.publicKey);
    const pool = [...events, own, Buffer.from('forged')];
    const signers = [source.keyAt(1), source.keyAt(secondKeyAt), thief.privateKey];
    const hostile = fc
      .tuple(fc.integer({ min: thirdKeyAt - 3, max: thirdKeyAt + 3 }), fc.array(fc.constantFrom(...pool), { maxLength: 5 }), fc.constantFrom(...signers), fc.boolean())
      .map(([first, sent, by, signedWell]): FeedBatch => {
        const chain = chainAfter([...events.slice(0, first - 1), ...sent]);
        return { firstPosition: first, events: sent, head: signHead('consent/0', by, first + sent.length - 1, signedWell ? chain : Buffer.alloc(32), noon + 60_000) };
      });
    const from = upTo(thirdKeyAt);
    fc.assert(fc.property(fc.array(hostile, { maxLength: 8 }), (batches) => applyAll(from, batches, 'relayed').applied.length === 0), { numRuns: 500 });
  });

  it('late, twice, cut and out of order, with back-fill it ends in the state of the batches in order', () => {
    const piece = fc.tuple(fc.integer({ min: 1, max: newest }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const cutBatches = pieces.map(([first, length, cut]) => {
          const last = Math.min(newest, first + length);
          return { ...batch(first, last), events: events.slice(first - 1, Math.max(first - 1, last - cut)) };
        });
        const { applied, standing } = applyAll(upTo(1), cutBatches, 'relayed');
        const rest = applyAll({ ...standing, pending: [] }, [batch(standing.checkpoint.position + 1, newest)], 'direct');
        expect([...applied, ...rest.applied].map(({ position }) => position)).toEqual(Array.from({ length: newest - 1 }, (_, index) => index + 2));
        expect(rest.standing.checkpoint).toEqual(upTo(newest).checkpoint);
      }),
      { numRuns: 300 },
    );
  });
});

/** As it would stand in a log: `next` announced, vouched for by `by`, who says that `from` was in force. */
async function announcement(next: KeyObject, by: KeyObject, from: KeyObject, named = 'consent/0'): Promise<Uint8Array> {
  const log = { store: inMemoryEventStore(), clock: testClock(noon), ids: { bytes: randomBytes } };
  await announceKey(log, 'consent/0', next, sign(null, keySuccessionText('consent/0', rawKey(from), rawKey(next)), by), 'announce', named);
  return (await log.store.readAll(0, 1))[0]!.bytes;
}
