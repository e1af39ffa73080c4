import { describe, expect, it } from 'vitest';
import { Refused } from '@tillid/kernel';
import { FoldCache, handle, StoreFault, write, type EventStore } from './index.js';
import { inMemoryEventStore } from './in-memory/index.js';
import { byTheBank, consent, consentLog, contextOf, envelope, noon, type ConsentCommand } from './world.spec-kit.js';

const on = (stream: string, command: ConsentCommand) => ({ stream, decider: consent, command, envelope });

const lostRace = { kind: 'conflict', stream: 'consent-c', actualRevision: 1 } as const;

/** The store with some of its answers replaced. */
function storeWith(replace: (real: EventStore) => Partial<EventStore>): EventStore {
  const real = inMemoryEventStore();
  return Object.assign(Object.create(real) as EventStore, replace(real));
}

describe('a command', () => {
  it('is stored whole, with the envelope its slice and its context give', async () => {
    const log = consentLog();
    const { events, position, repeated } = await handle(log, { ...contextOf('one'), causationId: 'cause' }, [on('consent-c', { type: 'Request' })]);
    expect(position).toBe('consent/0@1');
    expect(repeated).toBe(false);
    expect(events[0]!.envelope).toMatchObject({
      source: 'consent/0', type: 'tillid.consent.v1.ConsentRequested', schemaRevision: 1, stream: 'consent-c', revision: 1, subject: 'pseudonym-1', clientId: 'fjordbanken',
      correlationId: 'correlation-1', causationId: 'cause', commitIndex: 0, commitSize: 1, occurredAt: new Date(noon), outcome: { result: 1, reason: '' },
    });
    expect(events[0]!.envelope.commandId).toEqual(contextOf('one').commandId);
    const [stored] = await log.store.readAll(0, 10);
    expect(log.codec.decode(stored!.bytes, 1)).toEqual(events[0]);
  });

  it('seals what is encrypted under the id of its own event', async () => {
    const sealed = (id: Buffer) => Buffer.concat([id, Buffer.from('sealed')]);
    const { events } = await handle(consentLog(), contextOf('one'), [{ ...on('consent-c', { type: 'Request' }), envelope: () => ({ ...byTheBank, encrypted: sealed }) }]);
    expect(events[0]!.envelope.encrypted).toEqual(sealed(events[0]!.envelope.id));
  });

  it('with nothing to do writes nothing, and answers the position it rests on', async () => {
    const log = consentLog();
    await handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })]);
    await handle(log, contextOf('two'), [on('consent-d', { type: 'Request' })]);
    expect(await handle(log, contextOf('three'), [on('consent-c', { type: 'Request' })])).toMatchObject({ events: [], position: 'consent/0@1', repeated: false });
    expect((await log.store.head()).position).toBe(2);
  });

  it('on several streams is one commit, and all or nothing', async () => {
    const log = consentLog();
    const { events } = await handle(log, contextOf('one'), [on('consent-c', { type: 'Request' }), on('consent-d', { type: 'Request' })]);
    expect(events.map(({ envelope: { stream, commitIndex, commitSize } }) => [stream, commitIndex, commitSize])).toEqual([['consent-c', 0, 2], ['consent-d', 1, 2]]);
    await expect(handle(log, contextOf('two'), [on('consent-e', { type: 'Request' }), on('consent-f', { type: 'Withdraw' })])).rejects.toMatchObject({ code: 'consent.not_requested' });
    expect(await log.store.lastRevision('consent-e')).toBe(0);
  });

  it('takes a list of any length, each write checked where it is made', async () => {
    const writes = ['a', 'b', 'c', 'd'].map((name) => write(on(`consent-${name}`, { type: 'Request' })));
    expect((await handle(consentLog(), contextOf('one'), writes)).positions).toEqual([1, 2, 3, 4]);
  });
});

describe('a command that arrives again', () => {
  it('gets the first answer, even after its opposite', async () => {
    const log = consentLog();
    await handle(log, contextOf('request'), [on('consent-c', { type: 'Request' })]);
    const first = await handle(log, contextOf('grant'), [on('consent-c', { type: 'Grant' })]);
    await handle(log, contextOf('withdraw'), [on('consent-c', { type: 'Withdraw' })]);
    const late = await handle(log, contextOf('grant'), [on('consent-c', { type: 'Grant' })]);
    expect(late).toEqual({ ...first, repeated: true });
  });

  it('while its first arrival is being stored gets that answer too, never a refusal it caused itself', async () => {
    // The twin stores between this command's read and its look-up.
    let overtake: (() => Promise<unknown>) | undefined;
    const store = storeWith((real) => ({
      async readStream(...query) {
        const read = await real.readStream(...query);
        await overtake?.();
        return read;
      },
    }));
    const log = consentLog(store);
    await handle(log, contextOf('request'), [on('consent-c', { type: 'Request' })]);
    overtake = async () => {
      overtake = undefined;
      await handle({ ...log, cache: new FoldCache() }, contextOf('withdraw'), [on('consent-c', { type: 'Withdraw' })]);
    };
    const answer = await handle(log, contextOf('withdraw'), [on('consent-c', { type: 'Withdraw' })]);
    expect(answer).toMatchObject({ repeated: true, position: 'consent/0@2' });
  });

  it('with another request under the same key is refused, whatever state the stream is in', async () => {
    const log = consentLog();
    await handle(log, contextOf('key', 'request'), [on('consent-c', { type: 'Request' })]);
    await expect(handle(log, contextOf('key', 'other'), [on('consent-c', { type: 'Request' })])).rejects.toMatchObject({ code: 'call.idempotency_key_reused', kind: 'invalid' });
  });

  it('a hundred times at once happens once', async () => {
    const log = consentLog();
    const answers = await Promise.all(Array.from({ length: 100 }, () => handle(log, contextOf('key'), [on('consent-c', { type: 'Request' })])));
    expect(new Set(answers.map(({ position }) => position))).toEqual(new Set(['consent/0@1']));
    expect((await log.store.head()).position).toBe(1);
    // Everyone is told of the one event that is stored, not of the one they would have stored.
    const stored = log.codec.decode((await log.store.readAll(0, 1))[0]!.bytes, 1);
    for (const { events } of answers) expect(events).toEqual([stored]);
  });
});

describe('commands that race', () => {
  it('decide again on what won, and both stand', async () => {
    const log = consentLog();
    await handle(log, contextOf('request'), [on('consent-c', { type: 'Request' })]);
    const grants = await Promise.all(['g1', 'g2', 'g3'].map((key) => handle(log, contextOf(key), [on('consent-c', { type: 'Grant' })])));
    expect(grants.flatMap(({ events }) => events.map(({ event }) => (event.type === 'ConsentGranted' ? event.grantId : ''))).sort()).toEqual(['grant-1', 'grant-2', 'grant-3']);
  });

  it('give up after five retries, and say so', async () => {
    let appends = 0;
    const store = storeWith(() => ({ append: async () => (appends++, lostRace) }));
    await expect(handle(consentLog(store), contextOf('one'), [on('consent-c', { type: 'Request' })])).rejects.toMatchObject({ code: 'store.conflict', kind: 'conflict' });
    expect(appends).toBe(6);
  });

  it('do not retry past the deadline', async () => {
    let appends = 0;
    const store = storeWith(() => ({ append: async () => (appends++, lostRace) }));
    await expect(handle(consentLog(store), { ...contextOf('one'), deadlineMs: noon }, [on('consent-c', { type: 'Request' })])).rejects.toMatchObject({ code: 'store.conflict' });
    expect(appends).toBe(1);
  });

  it('for one reserved value: one has it, the other is told in the words of its service', async () => {
    const log = { ...consentLog(), onReserved: () => new Refused('text.taken', 'taken') };
    const { generations } = await handle(log, contextOf('one'), [on('consent-c', { type: 'Request', textVersion: 'v1' })]);
    expect(generations).toEqual([1]);
    await expect(handle(log, contextOf('two'), [on('consent-d', { type: 'Request', textVersion: 'v1' })])).rejects.toMatchObject({ code: 'text.taken' });
    await expect(handle({ ...consentLog(log.store) }, contextOf('two'), [on('consent-d', { type: 'Request', textVersion: 'v1' })])).rejects.toMatchObject({ code: 'store.reserved', kind: 'taken' });
  });
});

describe('when the store fails', () => {
  it('failed but stored: the outcome is unknown, and the retry gets the answer', async () => {
    let lose = true;
    const store = storeWith((real) => ({
      async append(commit) {
        const outcome = await real.append(commit);
        if (!lose) return outcome;
        lose = false;
        throw new StoreFault('the reply was lost');
      },
    }));
    const log = consentLog(store);
    await expect(handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })])).rejects.toMatchObject({ code: 'store.unknown_outcome', kind: 'unknown_outcome', cause: expect.any(StoreFault) });
    expect(await handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })])).toMatchObject({ repeated: true, position: 'consent/0@1' });
  });

  it('failed and not stored: the same words, and the retry does it', async () => {
    let fail = true;
    const store = storeWith((real) => ({
      async append(commit) {
        if (!fail) return real.append(commit);
        fail = false;
        throw new StoreFault('no space left');
      },
    }));
    const log = consentLog(store);
    await expect(handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })])).rejects.toMatchObject({ kind: 'unknown_outcome' });
    expect(await handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })])).toMatchObject({ repeated: false, position: 'consent/0@1' });
  });

  it('nothing held in memory is trusted afterwards', async () => {
    const cache = new FoldCache();
    let fail = false;
    const store = storeWith((real) => ({
      append: (commit) => (fail ? Promise.reject(new StoreFault('gone')) : real.append(commit)),
    }));
    const log = { ...consentLog(store), cache };
    await handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })]);
    expect(cache.size).toBe(1);
    fail = true;
    await expect(handle(log, contextOf('two'), [on('consent-c', { type: 'Grant' })])).rejects.toThrow();
    expect(cache.size).toBe(0);
  });

  it('full is a clear refusal with a time to wait', async () => {
    const store = storeWith(() => ({ append: async () => ({ kind: 'full', retryAfterMs: 40 }) as const }));
    await expect(handle(consentLog(store), contextOf('one'), [on('consent-c', { type: 'Request' })])).rejects.toMatchObject({ code: 'store.full', kind: 'busy', details: { retryAfterMs: 40 } });
  });

  it('a stream with an event its decider does not know is not decided on', async () => {
    const log = consentLog();
    await handle(log, contextOf('one'), [on('consent-c', { type: 'Request' })]);
    const narrow = { ...consentLog(log.store), codec: log.codec.pick('ConsentGranted') as unknown as typeof log.codec, cache: new FoldCache() };
    await expect(handle(narrow, contextOf('two'), [on('consent-c', { type: 'Request' })])).rejects.toThrow(/does not know/);
  });
});

describe('a consent used ten thousand times', () => {
  it('is, warm, read no further than its newest revisions', async () => {
    const read: number[] = [];
    const store = storeWith((real) => ({
      async readStream(...query) {
        const events = await real.readStream(...query);
        read.push(events.length);
        return events;
      },
    }));
    const log = consentLog(store);
    await handle(log, contextOf('request'), [on('consent-c', { type: 'Request' })]);
    for (let use = 0; use < 20; use++) await handle(log, contextOf(`use-${use}`), [on('consent-c', { type: 'Grant', times: 500 })]);
    expect(await store.lastRevision('consent-c')).toBe(10_001);
    expect(read.every((events) => events === 0)).toBe(true);

    // Another process appends; ours reads what is new and no more.
    await handle({ ...log, cache: new FoldCache() }, contextOf('elsewhere'), [on('consent-c', { type: 'Grant', times: 3 })]);
    read.length = 0;
    const { events } = await handle(log, contextOf('last'), [on('consent-c', { type: 'Grant' })]);
    expect(read).toEqual([3]);
    expect(events[0]!.event).toMatchObject({ grantId: 'grant-10004' });
  });

  it('read cold, in pages, folds to the same', async () => {
    const log = consentLog();
    await handle(log, contextOf('request'), [on('consent-c', { type: 'Request' })]);
    for (let use = 0; use < 20; use++) await handle(log, contextOf(`use-${use}`), [on('consent-c', { type: 'Grant', times: 500 })]);
    const { events } = await handle({ ...log, cache: new FoldCache() }, contextOf('cold'), [on('consent-c', { type: 'Grant' })]);
    expect(events[0]!.event).toMatchObject({ grantId: 'grant-10001' });
  });
});

describe('the fold cache', () => {
  it('is bounded, keeps what is used, and never goes back', () => {
    const cache = new FoldCache(2);
    const at = (revision: number) => ({ state: revision, revision, position: revision });
    const decider = { initial: 0, decide: () => [], evolve: (state: number) => state };
    cache.put(decider, 'a', at(5));
    cache.put(decider, 'b', at(1));
    cache.get(decider, 'a');
    cache.put(decider, 'c', at(1));
    expect([cache.get(decider, 'a')?.revision, cache.get(decider, 'b'), cache.size]).toEqual([5, undefined, 2]);
    cache.put(decider, 'a', at(4));
    expect(cache.get(decider, 'a')?.revision).toBe(5);
    expect(cache.get({ ...decider }, 'a')).toBeUndefined();
  });
});
