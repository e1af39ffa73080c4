import { newSourceKeyFile, sourceKeyFrom, systemIds, type Caller } from '@tillid/crypto';
import { commonEvents, ProgressBook } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { describe, expect, it } from 'vitest';
import { FeedController } from './feed-service.js';
import { recordFeedRead } from './record-feed-read.js';

const source = 'consent/0';
const dayMs = 24 * 60 * 60 * 1000;

/** A log with nothing in it, and whoever comes to read it for a moment. */
function service() {
  const store = inMemoryEventStore();
  let nowMs = Date.parse('2026-11-25T23:00:00Z');
  const clock = { nowMs: () => nowMs };
  const key = sourceKeyFrom(newSourceKeyFile());
  const signer = { sign: async (position: number, chain: Uint8Array, timeMs = nowMs) => key.sign({ source, position, chain, timeMs }), publicKeyAt: async () => key.publicKey };
  const feed = new FeedController({ source, store, signer, progress: new ProgressBook(), clock, recordReading: (auditorId) => recordFeedRead({ store, source, clock, ids: systemIds }, auditorId) });
  return {
    store,
    tomorrow: () => void (nowMs += dayMs),
    async read(kind: Caller['kind'], id: string): Promise<void> {
      const leaving = new AbortController();
      for await (const _batch of feed.subscribe({ source, afterPosition: 0 }, { signal: leaving.signal, caller: { kind, id, thumbprint: 'of a certificate' } })) leaving.abort();
    },
    recorded: async () => (await store.readAll(0, 100)).map(({ bytes, position }) => commonEvents.decode(bytes, position)!.event),
  };
}

describe('an auditor who reads a service’s log', () => {
  it('stands in it before the first event leaves, once a day', async () => {
    const { read, recorded, tomorrow } = service();
    for (const auditor of ['a1', 'a1', 'a2', 'a1']) await read('auditor', auditor);
    tomorrow();
    await read('auditor', 'a1');
    expect(await recorded()).toEqual([
      { type: 'FeedRead', auditorId: 'a1', day: '2026-11-25' },
      { type: 'FeedRead', auditorId: 'a2', day: '2026-11-25' },
      { type: 'FeedRead', auditorId: 'a1', day: '2026-11-26' },
    ]);
  });

  it('stands there once also when two replicas record it', async () => {
    const { store } = service();
    const parts = { store, source, clock: { nowMs: () => 0 }, ids: systemIds };
    await Promise.all([recordFeedRead(parts, 'a1'), recordFeedRead(parts, 'a1')]);
    expect((await store.head()).position).toBe(1);
  });

  it('is given nothing when that cannot be recorded', async () => {
    const { store } = service();
    const full = { ...store, append: () => Promise.resolve({ kind: 'full' } as never) };
    await expect(recordFeedRead({ store: full, source, clock: { nowMs: () => 0 }, ids: systemIds }, 'a1')).rejects.toThrow('full');
  });

  it('is not said of the services, which follow each other without an end', async () => {
    const { read, store } = service();
    await store.append({ commandId: Buffer.alloc(16, 1), fingerprint: Buffer.alloc(32), writes: [{ stream: 's', expectedRevision: 0, events: [Buffer.from('an event')] }] });
    await read('service', 'audit');
    expect((await store.head()).position).toBe(1);
  });
});
