import { describe, expect, it } from 'vitest';
import { Refused } from '@tillid/kernel';
import { CannotApply, followSource, ledgerConsumer, nextChain, ProgressBook, StoreFault, type Consumer, type FeedBatch, type FollowSource, type SourceReader, type Trouble } from '../index.js';
import { inMemoryEventStore, inMemoryReadModelStore } from '../in-memory/index.js';
import { consentSource, noon, signHead, testClock } from '../world.spec-kit.js';

type Step = FeedBatch | Error;
type Source = ReturnType<typeof consentSource>;

/** Has the name and as many events, under a key of its own. */
async function someoneElse(): Promise<Source> {
  const source = consentSource();
  await source.announce();
  for (let number = 1; number <= 6; number++) await source.act(`other-${number}`, { type: 'Request' });
  return source;
}

async function newerButShorter(source: Source) {
  const { head } = await source.batch(0, 1);
  return signHead('consent/0', source.privateKey, 1, head!.chain, noon + 60_000);
}

/** Each subscription plays the next script; the last one stays open until the follower stops. */
function scripted(...scripts: readonly ((after: number) => Promise<readonly Step[]>)[]): SourceReader & { readonly subscribedAfter: number[] } {
  const subscribedAfter: number[] = [];
  return {
    subscribedAfter,
    async *subscribe(_source, after, signal) {
      subscribedAfter.push(after);
      const script = scripts[Math.min(subscribedAfter.length, scripts.length) - 1]!;
      for (const step of await script(after)) {
        if (step instanceof Error) throw step;
        yield step;
      }
      if (subscribedAfter.length >= scripts.length && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
}

async function world(consents = 6) {
  const source = consentSource();
  await source.announce();
  for (let number = 1; number <= consents; number++) await source.act(`consent-${number}`, { type: 'Request' });
  const ledger = inMemoryEventStore();
  const book = new ProgressBook();
  const troubles: Trouble[] = [];
  const stopped = AbortSignal.timeout(5_000);
  const options = (reader: SourceReader, consumer: Consumer = ledgerConsumer(ledger, inMemoryReadModelStore())): FollowSource => ({
    source: 'consent/0', consumer, reader, book, clock: testClock(), retryPauseMs: 1, onTrouble: (trouble) => troubles.push(trouble),
  });
  const reached = (position: number) => book.waitFor('ledger', 'consent/0', position, stopped);
  const parked = async () => {
    while (!book.line('ledger', 'consent/0').parked && !stopped.aborted) await new Promise(setImmediate);
    return book.line('ledger', 'consent/0').parkedReason;
  };
  return { source, ledger, book, troubles, options, reached, parked };
}

describe('following another service', () => {
  it('takes in everything, and tells each verified head once all up to it is applied', async () => {
    const { source, ledger, options, reached, book } = await world();
    const heads: number[] = [];
    const reader = scripted(async (after) => [await source.batch(after, 3), await source.batch(3), await source.batch(7)]);
    const follower = followSource({ ...options(reader), onHead: (head) => void ledger.lastRevision('consent/0').then((revision) => heads.push(head.position - revision)) });
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect((await ledger.head()).position).toBe(7);
    expect(heads.every((lag) => lag === 0) && heads.length > 0).toBe(true);
    expect(follower.progress()).toEqual([{ source: 'consent/0', consumer: 'ledger', position: 7, headPosition: 7, lastHeardMs: testClock().nowMs(), parked: false, parkedReason: '', gaps: 0, unknownTypes: 0 }]);
    expect(book.list()).toEqual(follower.progress());
  });

  it('goes on after a lost connection from where it stands', async () => {
    const { source, options, reached, troubles } = await world();
    const reader = scripted(async (after) => [await source.batch(after, 4), new Error('connection reset')], async () => [new Refused('rpc.unavailable', 'unknown_outcome')], async (after) => [await source.batch(after)]);
    const follower = followSource(options(reader));
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect(reader.subscribedAfter).toEqual([0, 4, 4]);
    expect(troubles.map(({ kind }) => kind)).toEqual(['retrying', 'retrying']);
  });

  it('counts a gap, asks again from where it stands, and goes on', async () => {
    const { source, options, reached, book } = await world();
    const reader = scripted(async () => [await source.batch(0, 2), await source.batch(4)], async (after) => [await source.batch(after)]);
    const follower = followSource(options(reader));
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect(reader.subscribedAfter).toEqual([0, 2]);
    expect(book.line('ledger', 'consent/0').gaps).toBe(1);
  });

  const parkedBy: readonly (readonly [string, string, (source: Source) => Promise<readonly Step[]>])[] = [
    ['another history under its own signature', 'source.chain_differs', async (source) => [{ ...(await (await someoneElse()).batch(2)), head: (await source.batch(0)).head }]],
    ['a history signed by someone else', 'source.head_not_signed', async () => [await (await someoneElse()).batch(2)]],
    ['a newer head that knows less', 'source.behind_us', async (source) => [{ firstPosition: 0, events: [], head: await newerButShorter(source) }]],
    ['a source that says it has less', 'source.behind_us', async () => [new Refused('feed.position_ahead', 'precondition')]],
  ];
  it.each(parkedBy)('parks on %s', async (_what, reason, trouble) => {
    const { source, ledger, options, parked, troubles } = await world();
    const follower = followSource(options(scripted(async () => [await source.batch(0, 2), new Error('reset')], () => trouble(source))));
    follower.start();
    expect(await parked()).toBe(reason);
    await follower.stop();
    expect((await ledger.head()).position).toBe(2);
    expect(troubles.at(-1)).toMatchObject({ kind: 'parked', reason });
  });

  it('parks on what its consumer cannot apply, and tries again what may pass', async () => {
    const { source, ledger, options, parked, book } = await world();
    const real = ledgerConsumer(ledger, inMemoryReadModelStore());
    const faults: Error[] = [new StoreFault('disk'), new CannotApply(3, 'event.cannot_be_applied')];
    const follower = followSource(options(scripted(async (after) => [await source.batch(after)]), {
      ...real,
      apply: () => Promise.reject(faults.shift()!),
    }));
    follower.start();
    expect(await parked()).toBe('event.cannot_be_applied');
    expect(faults).toEqual([]);
    expect(book.line('ledger', 'consent/0')).toMatchObject({ position: 2, headPosition: 7 });
    await follower.stop();
  });

  it('through a broker that alters and loses, ends with what the source wrote', async () => {
    const { source, ledger, options, reached } = await world();
    const altered = async (after: number) => {
      const batch = await source.batch(after, after + 2);
      return [{ ...batch, events: batch.events.map((bytes) => Buffer.concat([bytes, Buffer.from([0])])) }];
    };
    // The broker never tells the truth; the source is asked each time and each time gives a little more.
    const relay = scripted(altered, altered, async () => [await source.batch(5, 6)], altered);
    const reader = scripted(...[2, 4, 6, 7, 7].map((upTo) => async (after: number) => [await source.batch(after, upTo)]));
    const follower = followSource({ ...options(reader), relay, relayRestMs: 0 });
    follower.start();
    expect(await reached(6)).toBe(true);
    await follower.stop();
    const written = await source.log.store.readAll(0, 100);
    expect((await ledger.readStream('consent/0')).map(({ bytes }) => bytes)).toEqual(written.slice(0, (await ledger.head()).position).map(({ bytes }) => bytes));
  });

  it('asks the source for all the relay no longer has, in one go, and then leaves the source alone', async () => {
    const { source, options, reached, book } = await world();
    // Retention has dropped the first four.
    const relay = scripted(async () => [await source.batch(4)], async (after) => [await source.batch(after)]);
    const reader = scripted(...[0, 1].map(() => async (after: number) => [await source.batch(after, 1), await source.batch(1, 2), await source.batch(2, 4), new Error('asked for more than was missing')]));
    const follower = followSource({ ...options(reader), relay });
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect(relay.subscribedAfter).toEqual([0, 4]);
    expect(reader.subscribedAfter).toEqual([0]);
    expect(book.line('ledger', 'consent/0').gaps).toBe(1);
  });

  it('is not led on for ever by a relay that claims a beginning nobody reaches', async () => {
    const { source, options, reached } = await world();
    const { events } = await source.batch(4, 5);
    const relay = scripted(async () => [{ firstPosition: 1_000_000, events }], async (after) => [await source.batch(after)]);
    const idle = async () => ({ firstPosition: 0, events: [], head: (await source.batch(0, 6)).head });
    const reader = scripted(async () => [await source.batch(0, 6), await idle(), new Error('went on')], async () => []);
    const follower = followSource({ ...options(reader), relay });
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect(relay.subscribedAfter).toEqual([0, 6]);
  });

  it.each<[string, (source: Source) => Promise<readonly Step[]>]>([
    ['fails', async () => [new Error('no broker answers')]],
    ['brings what the source did not sign', async (source) => [{ ...(await source.batch(2)), head: (await (await someoneElse()).batch(2)).head }]],
  ])('reads the source itself for a while when the relay %s', async (_what, trouble) => {
    const { source, options, reached, troubles } = await world();
    const relay = scripted(() => trouble(source), async () => []);
    const reader = scripted(async (after) => [await source.batch(after, 2), await source.batch(2, 3), await source.batch(3)], async () => []);
    // The key first: a consumer takes it from the source alone.
    const first = followSource(options(scripted(async () => [await source.batch(0, 2)], async () => [])));
    first.start();
    expect(await reached(2)).toBe(true);
    await first.stop();
    const follower = followSource({ ...options(reader), relay, relayRestMs: 60_000 });
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect(relay.subscribedAfter).toHaveLength(1);
    expect(troubles.map(({ kind }) => kind)).toEqual(['retrying']);
  });

  it('takes what the relay has while the source itself is away', async () => {
    const { source, options, reached } = await world();
    const first = followSource(options(scripted(async () => [await source.batch(0, 2)], async () => [])));
    first.start();
    expect(await reached(2)).toBe(true);
    await first.stop();
    const relay = scripted(async () => [new Error('its broker restarts')], async (after) => [await source.batch(after)]);
    const follower = followSource({ ...options(scripted(async () => [new Refused('rpc.unavailable', 'unknown_outcome')])), relay, relayRestMs: 60_000 });
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
  });

  it('through a broker that hides a change of key, and forges on with the old one, ends when the source itself is heard', async () => {
    const { source, ledger, options, parked } = await world(1);
    await source.rotate();
    await source.act('consent-2', { type: 'Request' });
    const { head } = await source.batch(0, 2);
    const forged = (await (await someoneElse()).batch(2)).events[0]!;
    const lie = { firstPosition: 3, events: [forged], head: signHead('consent/0', source.privateKey, 3, nextChain(head.chain, forged), noon + 9) };
    const relay = scripted(async () => [lie], async () => [lie]);
    // The first two events come from the source, since the key does; then the broker leads on.
    const reader = scripted(async () => [await source.batch(0, 2)], async (after) => [await source.batch(after)]);
    const follower = followSource({ ...options(reader), relay, hearSourceEveryMs: 0 });
    follower.start();
    expect(await parked()).toBe('source.head_not_signed');
    await follower.stop();
    expect((await ledger.head()).position).toBe(3);
  });

  it('hears the source itself now and then, though the relay has everything', async () => {
    const { source, options, reached } = await world();
    // The relay's first word is asked of the source, since the key comes from there.
    const relay = scripted(...[3, 4, 5, 6, 7].map((upTo) => async (after: number) => [await source.batch(after, upTo)]));
    const reader = scripted(async () => [await source.batch(0, 2)], ...Array.from({ length: 9 }, () => async (after: number) => [await source.batch(after, after)]));
    const follower = followSource({ ...options(reader), relay, hearSourceEveryMs: 0 });
    follower.start();
    expect(await reached(7)).toBe(true);
    await follower.stop();
    expect(reader.subscribedAfter.slice(0, 4)).toEqual([0, 4, 5, 6]);
  });
});
