import { describe, expect, it } from 'vitest';
import { followLog, handle, ProgressBook, projection, projectionConsumer, readModel } from '../index.js';
import { inMemoryEventStore, inMemoryReadModelStore } from '../in-memory/index.js';
import { consent, consentEvents, consentLog, contextOf, envelope, testClock } from '../world.spec-kit.js';

interface Asked { readonly stream: string }
const asked = projection({
  name: 'asked',
  model: readModel<Asked>({ name: 'asked', version: 1, key: ({ stream }) => stream, indexes: {} }),
  events: consentEvents.pick('ConsentRequested'),
  keys: ({ envelope: { stream } }) => [stream],
  apply: (_document, { envelope: { stream } }) => ({ stream }),
});

async function world(readModels = inMemoryReadModelStore(), log = consentLog()) {
  const book = new ProgressBook();
  const consumer = await projectionConsumer(asked, readModels);
  const follower = followLog({ source: 'consent/0', store: log.store, consumer, book, clock: testClock(), batchEvents: 3, retryPauseMs: 1 });
  const ask = (stream: string) => handle(log, contextOf(`ask ${stream}`), [{ stream, decider: consent, command: { type: 'Request' }, envelope }]);
  const reached = (position: number) => book.waitFor('asked', 'consent/0', position, AbortSignal.timeout(5_000));
  return { log, book, consumer, follower, ask, reached, readModels };
}

describe('following the own log', () => {
  it('takes in what is there and whatever comes, as soon as it comes', async () => {
    const { follower, ask, reached, consumer } = await world();
    for (let number = 1; number <= 7; number++) await ask(`c-${number}`);
    follower.start();
    expect(await reached(7)).toBe(true);
    const began = performance.now();
    await ask('c-8');
    expect(await reached(8)).toBe(true);
    // An append wakes it; the look of every second does not have to.
    expect(performance.now() - began).toBeLessThan(900);
    expect(await consumer.table.get('c-8')).toEqual({ stream: 'c-8' });
    await follower.stop();
  });

  it('does not sleep through an append that comes just after it looked', async () => {
    const log = consentLog();
    let late = 1;
    const store = Object.assign(Object.create(log.store) as typeof log.store, {
      async head() {
        const head = await log.store.head();
        if (late-- > 0) await handle(log, contextOf('late'), [{ stream: 'c-late', decider: consent, command: { type: 'Request' }, envelope }]);
        return head;
      },
    });
    const { follower, reached } = await world(inMemoryReadModelStore(), { ...log, store });
    const began = performance.now();
    follower.start();
    expect(await reached(1)).toBe(true);
    expect(performance.now() - began).toBeLessThan(900);
    await follower.stop();
  });

  it('begins again where it stood', async () => {
    const first = await world();
    await first.ask('c-1');
    first.follower.start();
    await first.reached(1);
    await first.follower.stop();
    await first.ask('c-2');
    const second = await world(first.readModels, first.log);
    second.follower.start();
    expect(await second.reached(2)).toBe(true);
    await second.follower.stop();
    expect(second.book.line('asked', 'consent/0').unknownTypes).toBe(0);
  });

  it('parks when the log was put back to before what the read model knows, or is another one', async () => {
    for (const [events, reason] of [[1, 'source.behind_us'], [2, 'source.chain_differs']] as const) {
      const first = await world();
      for (const stream of ['c-1', 'c-2']) await first.ask(stream);
      first.follower.start();
      await first.reached(2);
      await first.follower.stop();

      const other = await world(first.readModels, consentLog(inMemoryEventStore()));
      for (let number = 1; number <= events; number++) await other.ask(`d-${number}`);
      other.follower.start();
      while (!other.book.line('asked', 'consent/0').parked) await new Promise(setImmediate);
      expect(other.book.line('asked', 'consent/0').parkedReason).toBe(reason);
      await other.follower.stop();
    }
  });
});

describe('a query that must see a position', () => {
  it('waits for it, and gives up with its deadline', async () => {
    const book = new ProgressBook();
    const waiting = book.waitFor('asked', 'consent/0', 5, AbortSignal.timeout(5_000));
    book.moved('asked', 'consent/0', 4);
    book.moved('other', 'consent/0', 9);
    book.moved('asked', 'consent/0', 5);
    expect(await waiting).toBe(true);
    const hungUp = new AbortController();
    const never = book.waitFor('asked', 'consent/0', 6, hungUp.signal);
    hungUp.abort();
    expect(await never).toBe(false);
    expect(await book.waitFor('asked', 'consent/0', 6, AbortSignal.abort())).toBe(false);
  });
});
