import { newSourceKeyFile, sourceKeyFrom, systemIds } from '@tillid/crypto';
import { commonEvents, type EventStore, type StoredEvent } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { Refused } from '@tillid/kernel';
import { silentLogger, systemClock } from '@tillid/runtime';
import { inMemorySecrets } from '@tillid/testing';
import { describe, expect, it } from 'vitest';
import { SourceSigner } from '../feed/source-signer.js';
import { recordCallRefused } from '../record-refusal.js';
import { fetchLostTail, isBehindRecord, type LostTailParts } from './lost-tail.js';

const source = 'consent/0';

/** A source that has written `written` events, a copy of its log of after `copied` of them, and audit, which has them all. */
async function restoredSource({ written = 5, copied = 2 } = {}) {
  const secrets = inMemorySecrets();
  const store = inMemoryEventStore();
  const signer = await SourceSigner.open({ source, store, secrets, clock: systemClock, ids: systemIds });
  const write = async (to: EventStore) => recordCallRefused({ store: to, source, clock: systemClock, ids: systemIds }, { caller: { kind: 'relying_service', id: 'fjordbanken', thumbprint: 'of a certificate' }, rpc: '/x/Y', reason: 'call.not_allowed', count: 1 });
  while ((await store.head()).position < written) await write(store);
  const all = await store.readAll(0, 1000);
  const copy = inMemoryEventStore();
  const head = await store.head();
  const recorded = { events: all, head: await signer.sign(head.position, head.chain) as Awaited<ReturnType<SourceSigner['sign']>> | undefined };
  const parts: LostTailParts = { source, store: copy, codec: commonEvents, secrets, audit: auditThatHas(recorded), logger: silentLogger, restored: false };
  if (copied > 0) await fetchLostTail({ ...parts, audit: auditThatHas({ events: all.slice(0, copied), head: undefined }) });
  return { all, copy, parts, recorded, write };
}

function auditThatHas(recorded: { events: readonly StoredEvent[]; head: Awaited<ReturnType<SourceSigner['sign']>> | undefined }): LostTailParts['audit'] {
  return {
    getSourceEnd: () => Promise.resolve({ position: recorded.events.length, head: recorded.head, integratedPosition: recorded.events.length }),
    async *replaySource({ afterPosition = 0 }) {
      for (const { position, bytes } of recorded.events.slice(afterPosition)) yield { firstPosition: position, events: [Buffer.from(bytes)] };
    },
  };
}

describe('a service that starts', () => {
  it('on an older log fetches what it has lost from audit, byte for byte', async () => {
    const { all, copy, parts } = await restoredSource();
    expect(await fetchLostTail(parts)).toEqual({ kind: 'fetched', afterPosition: 2, events: 3, commits: 3, cutShort: 0 });
    expect(await copy.readAll(0, 1000)).toEqual(all);
    expect(await fetchLostTail(parts)).toEqual({ kind: 'complete' });
  });

  it('on no log at all gets all of it', async () => {
    const { all, copy, parts } = await restoredSource({ copied: 0 });
    await fetchLostTail(parts);
    expect(await copy.readAll(0, 1000)).toEqual(all);
  });

  it('on a log that audit has not all of fetches nothing', async () => {
    const { parts, write, copy } = await restoredSource({ copied: 5 });
    await write(copy);
    expect(await fetchLostTail(parts)).toEqual({ kind: 'complete' });
    expect(await isBehindRecord(parts)).toBe(false);
  });

  it('on an older log that went on by itself does not start: two histories are not made one', async () => {
    const { copy, parts, write } = await restoredSource();
    await write(copy);
    await expect(fetchLostTail(parts)).rejects.toMatchObject({ reason: 'source.history_differs' });
    expect((await copy.head()).position).toBe(3);
  });

  it('appends nothing of a tail that it did not sign', async () => {
    const { all, copy, parts, recorded } = await restoredSource();
    recorded.events = [...all.slice(0, 3), { ...all[3]!, bytes: Buffer.concat([all[3]!.bytes, Buffer.from([0x2a, 0])]) }, all[4]!];
    await expect(fetchLostTail(parts)).rejects.toMatchObject({ reason: 'source.tail_differs' });
    const stranger = sourceKeyFrom(newSourceKeyFile());
    recorded.events = all;
    recorded.head = stranger.sign({ source, position: 5, chain: recorded.head!.chain, timeMs: 1 });
    await expect(fetchLostTail(parts)).rejects.toMatchObject({ reason: 'source.tail_differs' });
    expect((await copy.head()).position).toBe(2);
  });

  it('when audit is away goes on, and knows later that it should not have; once it is known to be restored it waits', async () => {
    const { all, copy, parts } = await restoredSource();
    let away = 2;
    const audit: LostTailParts['audit'] = { ...parts.audit, getSourceEnd: (...request) => (away-- > 0 ? Promise.reject(new Refused('peer.unavailable', 'unknown_outcome')) : parts.audit.getSourceEnd(...request)) };
    expect(await fetchLostTail({ ...parts, audit })).toEqual({ kind: 'unknown' });
    expect((await copy.head()).position).toBe(2);
    expect(await isBehindRecord(parts)).toBe(true);
    expect(await fetchLostTail({ ...parts, audit, restored: true })).toMatchObject({ kind: 'fetched' });
    expect(await copy.readAll(0, 1000)).toEqual(all);
  });
});
