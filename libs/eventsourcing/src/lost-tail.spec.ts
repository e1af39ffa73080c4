import { Event } from '@tillid/contracts/event/v1/event';
import { describe, expect, it } from 'vitest';
import { emptyChain, nextChain } from './chain.js';
import { eventCodec } from './event-codec.js';
import type { EventStore, StoredEvent } from './event-store.js';
import { inMemoryEventStore } from './in-memory/index.js';
import { appendLostTail, checkTail, lostFingerprint, sameFingerprint } from './lost-tail.js';

/** A payload that is one text, held unique while it says so. */
const Named = { encode: ({ name }: { name: string }) => ({ finish: () => Buffer.from(name) }), decode: (bytes: Uint8Array) => ({ name: Buffer.from(bytes).toString() }) };
const codec = eventCodec('test', { Named }, { reservations: ({ name }) => (name.startsWith('hold ') ? { reserve: [name] } : name.startsWith('free ') ? { release: [{ value: name.replace('free', 'hold'), generation: 1 }] } : {}) });

let made = 0;
/** Commits of a source, as their events stand in its log and in the ledger. */
function history(...commits: readonly (readonly (readonly [stream: string, revision: number, name: string])[])[]): StoredEvent[] {
  return commits.flatMap((commit, number) => commit.map(([stream, revision, name], commitIndex) => Event.encode(Event.fromPartial({
    id: Buffer.alloc(16, ++made), salt: Buffer.alloc(16, 1), source: 'test/0', type: 'test.Named', schemaRevision: 1, stream, revision, data: Buffer.from(name),
    commandId: Buffer.alloc(16, `command ${number + 1}`), commitIndex, commitSize: commit.length,
  })).finish())).map((bytes, index) => ({ position: index + 1, bytes: Uint8Array.from(bytes) }));
}
async function* from(events: readonly StoredEvent[]): AsyncGenerator<StoredEvent> {
  yield* events;
}
const all = async (store: EventStore) => (await store.readAll(0, 1000)).map(({ position, bytes }) => ({ position, bytes: Uint8Array.from(bytes) }));
const chainOf = (events: readonly StoredEvent[]) => events.reduce<Uint8Array>((chain, { bytes }) => nextChain(chain, bytes), emptyChain);

const written = history([['a', 1, 'hold x'], ['b', 1, 'one']], [['a', 2, 'two']], [['b', 2, 'free x'], ['c', 1, 'hold y'], ['c', 2, 'three']]);

describe('a log put back from a backup', () => {
  it('has after its lost tail the same bytes, positions, revisions and chain as before', async () => {
    const store = inMemoryEventStore();
    await appendLostTail(store, codec, from(written.slice(0, 2)));
    expect(await appendLostTail(store, codec, from(written.slice(2)))).toEqual({ events: 4, commits: 2, cutShort: 0 });
    expect(await all(store)).toEqual(written);
    expect(await store.head()).toEqual({ position: 6, chain: chainOf(written) });
    expect((await store.readStream('c')).map(({ revision, position }) => [revision, position])).toEqual([[1, 5], [2, 6]]);
  });

  it('holds the values it held, and answers a command it had answered', async () => {
    const store = inMemoryEventStore();
    await appendLostTail(store, codec, from(written));
    const commit = (command: string, reserve: string[]) => ({ commandId: Buffer.alloc(16, command), fingerprint: Buffer.alloc(32, 7), writes: [{ stream: command, expectedRevision: 0, events: [Buffer.from('e')] }], reserve });
    expect(await store.append(commit('new', ['hold y']))).toEqual({ kind: 'reserved', value: 'hold y' });
    expect(await store.append(commit('newer', ['hold x']))).toMatchObject({ kind: 'appended', commit: { generations: [2] } });
    expect(await store.append(commit('command 3', []))).toMatchObject({ kind: 'appended', repeated: true, commit: { firstPosition: 4, eventCount: 3 } });
  });

  it('is given its tail twice and has it once', async () => {
    const store = inMemoryEventStore();
    // Another replica has come as far as the second commit, while this one read the head before.
    const behind: EventStore = { ...store, head: () => Promise.resolve({ position: 0, chain: emptyChain }) };
    await appendLostTail(store, codec, from(written.slice(0, 3)));
    await appendLostTail(behind, codec, from(written));
    expect(await all(store)).toEqual(written);
  });

  it('keeps what there is of a commit whose end is nowhere, and says so', async () => {
    const store = inMemoryEventStore();
    expect(await appendLostTail(store, codec, from(written.slice(0, 5)))).toEqual({ events: 5, commits: 3, cutShort: 1 });
    expect(await all(store)).toEqual(written.slice(0, 5));
    // It went on after that, and is put back once more: the half stays a half, and what came after is its own commit.
    const after = history([], [], [], [['d', 1, 'later']]).map((event) => ({ ...event, position: 6 }));
    const again = inMemoryEventStore();
    expect(await appendLostTail(again, codec, from([...written.slice(0, 5), ...after]))).toEqual({ events: 6, commits: 4, cutShort: 1 });
    expect(await again.find(Buffer.alloc(16, 'command 4'))).toMatchObject({ firstPosition: 6, eventCount: 1 });
  });

  it.each([
    ['leaves something out', [...written.slice(0, 2), ...written.slice(3)], 'source.tail_has_gap'],
    ['begins later', written.slice(1), 'source.tail_has_gap'],
    ['goes on from another stream', history([['a', 2, 'never began']]), 'source.tail_cannot_be_stored'],
  ])('is not given a tail that %s', async (_what, tail, reason) => {
    await expect(appendLostTail(inMemoryEventStore(), codec, from(tail))).rejects.toMatchObject({ reason });
  });

  it('believes a tail as far as the source itself signed, and none that it did not', async () => {
    const start = { position: 0, chain: emptyChain };
    expect(await checkTail(start, from(written), { position: 5, chain: chainOf(written.slice(0, 5)) })).toBe(5);
    expect(await checkTail(start, from(written), undefined)).toBe(0);
    const other = [...written.slice(0, 3), ...history([['z', 1, 'slipped in']]).map((event) => ({ ...event, position: 4 })), ...written.slice(4)];
    await expect(checkTail(start, from(other), { position: 5, chain: chainOf(written.slice(0, 5)) })).rejects.toMatchObject({ reason: 'source.tail_differs' });
    await expect(checkTail(start, from(written), { position: 7, chain: chainOf(written) })).rejects.toMatchObject({ reason: 'source.tail_differs' });
  });

  it('cannot tell requests apart under a key whose fingerprint was lost, and can under every other', () => {
    expect(sameFingerprint(lostFingerprint, Buffer.alloc(32, 1))).toBe(true);
    expect(sameFingerprint(Buffer.alloc(32, 1), Buffer.alloc(32, 1))).toBe(true);
    expect(sameFingerprint(Buffer.alloc(32, 1), Buffer.alloc(32, 2))).toBe(false);
    expect(sameFingerprint(Buffer.alloc(32, 1), lostFingerprint)).toBe(false);
  });
});
