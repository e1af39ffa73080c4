import { ProgressBook } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { newSourceKeyFile, sourceKeyFrom } from '@tillid/crypto';
import { describe, expect, it, vi } from 'vitest';
import type { Call } from '../call.js';
import { FeedController } from './feed-service.js';

const source = 'consent/0';

describe('the heads of a feed', () => {
  it('in the middle of a backlog claim no time at which the log had more than they say', async () => {
    const store = inMemoryEventStore();
    const key = sourceKeyFrom(newSourceKeyFile());
    const append = (stream: string, count: number) =>
      store.append({ commandId: Buffer.alloc(16, stream), fingerprint: Buffer.alloc(32), writes: [{ stream, expectedRevision: 0, events: Array.from({ length: count }, () => Buffer.alloc(50_000, 1)) }] });
    for (let commit = 0; commit < 3; commit++) await append(`s${commit}`, 30);
    let nowMs = 1_000;
    const signer = { sign: async (position: number, chain: Uint8Array, timeMs = 0) => key.sign({ source, position, chain, timeMs }), publicKeyAt: async () => key.publicKey };
    const feed = new FeedController({ source, store, signer, progress: new ProgressBook(), clock: { nowMs: () => nowMs } });
    const leaving = new AbortController();
    const times: (readonly [number, number])[] = [];
    for await (const { head } of feed.subscribe({ source, afterPosition: 0 }, { signal: leaving.signal } as Call)) {
      times.push([head!.position, head!.timeMs]);
      // The reader is slow: time passes, and more is appended.
      nowMs += 60_000;
      if (times.length === 1) await append('late', 1);
      if (head!.position === 91) leaving.abort();
    }
    const last = times.at(-2)!;
    expect(last[0]).toBe(90);
    expect(last[1]).toBe(1_000);
    expect(times.slice(0, -2).every(([, timeMs]) => timeMs === 0)).toBe(true);
    expect(times.at(-1)![1]).toBeGreaterThan(60_000);
  });

  it('come every second while nothing happens, however long the log takes to say so', async () => {
    vi.useFakeTimers();
    try {
      const store = inMemoryEventStore();
      const head = async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return store.head();
      };
      const key = sourceKeyFrom(newSourceKeyFile());
      const signer = { sign: async (position: number, chain: Uint8Array, timeMs = 0) => key.sign({ source, position, chain, timeMs }), publicKeyAt: async () => key.publicKey };
      const feed = new FeedController({ source, store: { ...store, head }, signer, progress: new ProgressBook(), clock: { nowMs: () => Date.now() } });
      const leaving = new AbortController();
      let heads = 0;
      const reading = (async () => {
        for await (const batch of feed.subscribe({ source, afterPosition: 0 }, { signal: leaving.signal } as Call)) if (batch.head) heads += 1;
      })();
      await vi.advanceTimersByTimeAsync(10_500);
      expect(heads).toBe(10);
      leaving.abort();
      await vi.advanceTimersByTimeAsync(100);
      await reading;
    } finally {
      vi.useRealTimers();
    }
  });
});
