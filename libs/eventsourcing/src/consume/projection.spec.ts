import { beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CannotApply, chained, handle, projection, projectionConsumer, readModel, rebuild, startingPoint, StoreFault, type Checkpoint, type ProjectionConsumer, type ReadModelStore } from '../index.js';
import { inMemoryEventStore, inMemoryReadModelStore } from '../in-memory/index.js';
import { consent, consentEvents, consentLog, contextOf, envelope, type ConsentCommand } from '../world.spec-kit.js';

interface ConsentDocument {
  readonly stream: string;
  readonly requestedIn: string;
  readonly grants: readonly string[];
}
const model = readModel<ConsentDocument>({ name: 'consents', version: 1, key: ({ stream }) => stream, indexes: { stream: ({ stream }) => [stream] } });

/** A withdrawn consent leaves the list. Grants are appended, so that one applied twice would show. */
const consents = projection({
  name: 'list.consents',
  model,
  events: consentEvents.pick('ConsentRequested', 'ConsentGranted', 'ConsentWithdrawn'),
  keys: ({ envelope: { stream } }) => [stream],
  apply(document, { event, envelope: { stream, source } }) {
    switch (event.type) {
      case 'ConsentRequested':
        return { stream, requestedIn: source, grants: [] };
      case 'ConsentGranted':
        if (event.grantId === 'grant-13') throw new Error('a bug in this code');
        return document && { ...document, grants: [...document.grants, event.grantId] };
      case 'ConsentWithdrawn':
        return null;
    }
  },
});

let store: ReadModelStore;
let consumer: ProjectionConsumer<ConsentDocument>;
beforeEach(async () => {
  store = inMemoryReadModelStore();
  consumer = await projectionConsumer(consents, store);
});

async function logOf(commands: readonly (readonly [string, ConsentCommand])[], source = 'consent/0') {
  const log = consentLog(inMemoryEventStore(), source);
  for (const [index, [stream, command]] of commands.entries()) {
    await handle(log, contextOf(`${index} ${stream}`), [{ stream, decider: consent, command, envelope }]).catch(() => undefined);
  }
  const events = (await log.store.readAll(0, 10_000)).map(({ bytes }) => bytes);
  return { log, events };
}

/** Applies events first ... last as one batch, whatever the checkpoint says: what a crash or a second process may do. */
async function applyRange(events: readonly Uint8Array[], first: number, last: number, source = 'consent/0') {
  const placed = chained(startingPoint, events).slice(0, last);
  const next: Checkpoint = { ...startingPoint, position: last, chain: placed.at(-1)!.chain };
  return consumer.apply(source, placed.slice(first - 1), next);
}

const day = [['c-1', { type: 'Request' }], ['c-1', { type: 'Grant' }], ['c-2', { type: 'Request' }], ['c-1', { type: 'Grant' }], ['c-2', { type: 'Withdraw' }], ['c-3', { type: 'Request' }]] as const;

describe('a projection', () => {
  it('folds events into documents, and keeps its checkpoint beside them', async () => {
    const { events } = await logOf(day);
    await applyRange(events, 1, 6);
    expect(await consumer.table.get('c-1')).toEqual({ stream: 'c-1', requestedIn: 'consent/0', grants: ['grant-1', 'grant-2'] });
    expect(await consumer.table.get('c-2')).toBeUndefined();
    expect((await consumer.standing('consent/0')).position).toBe(6);
  });

  it('that applies a batch again, or part of it late, changes nothing', async () => {
    const { events } = await logOf(day);
    await applyRange(events, 1, 6);
    const digest = await consumer.table.digest();
    await applyRange(events, 1, 6);
    await applyRange(events, 1, 3);
    await applyRange(events, 2, 5);
    expect(await consumer.table.digest()).toBe(digest);
    expect((await consumer.standing('consent/0')).position).toBe(6);
  });

  it('applies only what is new of a batch that begins before and ends after what a document reflects', async () => {
    const { events } = await logOf(day);
    await applyRange(events, 1, 2);
    await applyRange(events, 2, 6);
    expect((await consumer.table.get('c-1'))!.grants).toEqual(['grant-1', 'grant-2']);
  });

  it('does not bring back what was deleted: the tombstone knows better, until the checkpoint has passed it', async () => {
    const { events } = await logOf(day);
    await applyRange(events, 1, 5);
    await applyRange(events, 3, 3);
    expect(await consumer.table.get('c-2')).toBeUndefined();
    expect((await consumer.table.load(['c-2'])).get('c-2')).toEqual({ document: null, positions: { 'consent/0': 5 } });
    expect(await consumer.table.sweep(consumer.checkpointName)).toBe(1);
    expect((await consumer.table.load(['c-2'])).size).toBe(0);
  });

  it('moves past types it does not declare, and counts them', async () => {
    const { events } = await logOf(day);
    consumer = await projectionConsumer({ ...consents, events: consentEvents.pick('ConsentRequested') } as unknown as typeof consents, store);
    expect(await applyRange(events, 1, 6)).toEqual({ unknownTypes: 3 });
    expect((await consumer.standing('consent/0')).position).toBe(6);
    expect(await consumer.table.get('c-2')).toMatchObject({ grants: [] });
  });

  it('of a new version of its model is built from the first event, beside the old one', async () => {
    const { events } = await logOf(day);
    await applyRange(events, 1, 6);
    const old = consumer;
    consumer = await projectionConsumer({ ...consents, model: { ...model, version: 2 } }, store);
    expect(await consumer.standing('consent/0')).toEqual(startingPoint);
    await applyRange(events, 1, 2);
    expect((await consumer.table.get('c-1'))!.grants).toEqual(['grant-1']);
    expect((await old.table.get('c-1'))!.grants).toEqual(['grant-1', 'grant-2']);
    expect((await old.standing('consent/0')).position).toBe(6);
  });

  it('stops right before an event it cannot apply; what came before is kept, nothing after it is', async () => {
    const { events } = await logOf([...day.slice(0, 3), ['c-1', { type: 'Grant', times: 12 }], ['c-3', { type: 'Request' }]]);
    // Events 4 to 15 are grants 2 to 13; the thirteenth meets the bug.
    await expect(applyRange(events, 1, 16)).rejects.toMatchObject({ name: 'CannotApply', position: 15, reason: 'event.cannot_be_applied' });
    expect((await consumer.standing('consent/0')).position).toBe(14);
    expect((await consumer.table.get('c-1'))!.grants).toHaveLength(12);
    expect(await consumer.table.get('c-3')).toBeUndefined();
  });

  it('stops right before bytes that are no event, the very first included', async () => {
    const { events } = await logOf(day);
    await expect(applyRange([events[0]!, Buffer.from('rubbish'), ...events.slice(2)], 1, 6)).rejects.toMatchObject({ position: 2, reason: 'event.cannot_be_read' });
    expect((await consumer.standing('consent/0')).position).toBe(1);
    consumer = await projectionConsumer(consents, inMemoryReadModelStore());
    await expect(applyRange([Buffer.from('rubbish')], 1, 1)).rejects.toBeInstanceOf(CannotApply);
    expect((await consumer.standing('consent/0')).position).toBe(0);
  });
});

describe('a projection of two sources', () => {
  interface Seen { readonly key: string; readonly here?: number; readonly there?: number }
  const seen = projection({
    name: 'seen',
    model: readModel<Seen>({ name: 'seen', version: 1, key: ({ key }) => key, indexes: {} }),
    events: consentEvents,
    keys: ({ envelope: { stream } }) => [stream],
    apply: (document, { envelope: { source, stream } }) => {
      const field = source === 'consent/0' ? 'here' : 'there';
      return { ...(document ?? { key: stream }), [field]: (document?.[field] ?? 0) + 1 };
    },
  });

  it('loses neither side when both apply at once', async () => {
    const both = await projectionConsumer(seen, store);
    const here = await logOf(day);
    const there = await logOf([['c-1', { type: 'Request' }], ['c-1', { type: 'Grant' }]], 'consent/1');
    const one = (source: string, events: readonly Uint8Array[]) => chained(startingPoint, events).map((event) => () => both.apply(source, [event], { ...startingPoint, position: event.position, chain: event.chain }));
    await Promise.all([...one('consent/0', here.events), ...one('consent/1', there.events)].map((apply) => apply()));
    expect(await both.table.get('c-1')).toEqual({ key: 'c-1', here: 3, there: 2 });
    expect((await both.table.load(['c-1'])).get('c-1')!.positions).toEqual({ 'consent/0': 4, 'consent/1': 2 });
  });

  it('does it again where another process wrote between its load and its write, and loses neither side', async () => {
    const [here, there] = [await logOf(day), await logOf([['c-1', { type: 'Request' }], ['c-1', { type: 'Grant' }]], 'consent/1')];
    const other = await projectionConsumer(seen, store);
    let meanwhile = async () => {};
    const paused = await projectionConsumer(seen, interrupted(store, () => meanwhile()));
    const all = (by: typeof other, source: string, events: readonly Uint8Array[]) => {
      const placed = chained(startingPoint, events);
      return by.apply(source, placed, { ...startingPoint, position: placed.length, chain: placed.at(-1)!.chain });
    };
    // A lease was taken from the paused process: the new holder applies the same batch, and the other source's.
    meanwhile = async () => {
      meanwhile = async () => {};
      await all(other, 'consent/1', there.events);
    };
    await all(paused, 'consent/0', here.events);
    await all(other, 'consent/0', here.events);
    expect(await other.table.get('c-1')).toEqual({ key: 'c-1', here: 3, there: 2 });
    expect((await other.standing('consent/0')).position).toBe(6);
  });

  it('gives up for now, moving no checkpoint, where that never ends', async () => {
    const { events } = await logOf(day);
    const stubborn = await projectionConsumer(seen, refusing(store));
    await expect(stubborn.apply('consent/0', chained(startingPoint, events), { ...startingPoint, position: 6 })).rejects.toBeInstanceOf(StoreFault);
    expect(await stubborn.standing('consent/0')).toEqual(startingPoint);
  });
});

/** A store whose tables call `meanwhile` between a load and the write that follows from it. */
function interrupted(real: ReadModelStore, meanwhile: () => Promise<void>): ReadModelStore {
  return {
    ...real,
    open: async (declared) => {
      const table = await real.open(declared);
      return { ...table, write: (batch) => meanwhile().then(() => table.write(batch)) };
    },
  };
}

function refusing(real: ReadModelStore): ReadModelStore {
  return { ...real, open: async (declared) => ({ ...(await real.open(declared)), write: async () => false }) };
}

describe('a rebuild', () => {
  const commands = fc.array(fc.tuple(fc.constantFrom('c-1', 'c-2', 'c-3'), fc.constantFrom<ConsentCommand>({ type: 'Request' }, { type: 'Grant' }, { type: 'Withdraw' })), { maxLength: 30 });
  const ranges = fc.array(fc.tuple(fc.nat(29), fc.nat(10)), { maxLength: 8 });

  it('gives the same digest as any schedule of repeated and overlapping batches gave', async () => {
    await fc.assert(
      fc.asyncProperty(commands, ranges, async (done, schedule) => {
        const { log, events } = await logOf(done);
        store = inMemoryReadModelStore();
        consumer = await projectionConsumer(consents, store);
        let position = 0;
        for (const [start, length] of schedule) {
          // A batch never begins beyond what was applied, and may begin anywhere before it.
          const first = Math.min(start, position) + 1;
          const last = Math.min(events.length, Math.max(first, first + length));
          if (last < first) continue;
          await applyRange(events, first, last);
          position = Math.max(position, last);
        }
        if (position < events.length) await applyRange(events, position + 1, events.length);
        const digest = await consumer.table.digest();
        expect(await rebuild(consumer, [{ source: 'consent/0', read: (after, limit) => log.store.readAll(after, limit) }])).toBe(digest);
      }),
      { numRuns: 60 },
    );
  });

  it('to an instant stops at its positions', async () => {
    const { log } = await logOf(day);
    await rebuild(consumer, [{ source: 'consent/0', read: (after, limit) => log.store.readAll(after, limit), until: 4 }]);
    expect((await consumer.standing('consent/0')).position).toBe(4);
    expect(await consumer.table.get('c-2')).toBeDefined();
    expect(await consumer.table.get('c-3')).toBeUndefined();
  });
});
