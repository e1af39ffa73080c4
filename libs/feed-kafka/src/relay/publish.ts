import { setTimeout as pauseFor } from 'node:timers/promises';
import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { appendsTo, chained, inBatches, startingPoint, traceParentsOf, type EventStore, type SourceEvent, type Telemetry } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import type { NewRecord, TopicWriting } from '../kafka-client.js';
import { eventRecord, headRecord, sizeOf } from '../record.js';
import { RelayRefused, type Place } from './find-place.js';

export interface WhatToPublish {
  readonly source: string;
  /** The service's own log. */
  readonly store: EventStore;
  /** The source's word: `(position, chain, timeMs) => signer.sign(position, chain, timeMs)`. The time is the relay's to say. */
  readonly signHead: (position: number, chain: Uint8Array, timeMs: number) => SignedHead | Promise<SignedHead>;
  readonly clock: Clock;
  /** At the least between two readings of the log: what a moment brought goes as one batch. Default 10 ms. */
  readonly paceMs?: number;
  /** A commit of this process is noticed at once; one of another replica, of which the store may not tell, by looking. Default 100 ms. */
  readonly lookEveryMs?: number;
}

export interface Publishing extends WhatToPublish {
  readonly telemetry: Telemetry;
  readonly writing: TopicWriting;
  readonly signal: AbortSignal;
}

/** Somebody else's records stand where ours were to be. */
export class AnotherRelay extends Error {
  override readonly name = 'AnotherRelay';
}

const pageEvents = 1000;
const batchBytesMax = 1024 * 1024;
const headEveryMs = 1000;

interface Outgoing {
  readonly event: SourceEvent;
  readonly record: NewRecord;
}

/**
 * Publishes everything after a place until stopped: one page of the log in memory at a time, each batch with its head in
 * one append. Returns when stopped; throws whatever goes wrong, and then only the topic knows how far it came.
 */
export async function publish(parts: Publishing, from: Place, onPublished: (published: { readonly position: number; readonly events: number }) => void): Promise<void> {
  const { source, store, signHead, clock, paceMs = 10, lookEveryMs = 100, telemetry, writing, signal } = parts;
  let { position, chain, headTimeMs, nextOffset } = from;
  let saidAtMs = -Infinity;

  const append = async (records: readonly NewRecord[]): Promise<void> => {
    const offset = await writing.append(records);
    const expected = nextOffset;
    nextOffset = offset + records.length;
    saidAtMs = performance.now();
    // It is written all the same. But whoever wrote in between may be further than we are.
    if (offset !== expected) throw new AnotherRelay(`expected offset ${expected}, wrote at ${offset}`);
  };
  const appendBatch = async (batch: readonly Outgoing[]): Promise<void> => {
    const last = batch.at(-1)!.event;
    const all = [...batch.map(({ record }) => record), headRecord(await signHead(last.position, last.chain, headTimeMs))];
    await telemetry.span('relay.publish', { source, events: batch.length }, () => append(all), () => traceParentsOf(batch.map(({ event }) => event.bytes)));
    ({ position, chain } = last);
    onPublished({ position, events: batch.length });
  };

  const appended = appendsTo(store, signal);
  try {
    while (!signal.aborted) {
      appended.clear();
      const readAtMs = performance.now();
      // Taken before the head is asked for: at this time the log had at most what the head says.
      const asOfMs = clock.nowMs();
      const head = await store.head();
      if (head.position < position) throw new RelayRefused(`the topic is at ${position} and the log at ${head.position}`);
      if (head.position === position) {
        if (Buffer.compare(head.chain, chain) !== 0) throw new RelayRefused(`the topic's history up to ${position} is another than the log's`);
        const dueInMs = saidAtMs + headEveryMs - performance.now();
        if (dueInMs > 0) {
          await appended.next(Math.min(dueInMs, lookEveryMs));
          continue;
        }
        headTimeMs = asOfMs;
        await append([headRecord(await signHead(position, chain, headTimeMs))]);
        onPublished({ position, events: 0 });
        continue;
      }
      const page = await store.readAll(position, Math.min(pageEvents, head.position - position));
      const outgoing = chained({ ...startingPoint, position, chain }, page.map(({ bytes }) => bytes)).values().map((event) => ({ event, record: eventRecord(event) }));
      for (const batch of inBatches(outgoing, ({ record }) => sizeOf(record), { bytes: batchBytesMax })) {
        if (signal.aborted) return;
        // A head says "at this time I had this and no more": true of the log's last event, and of one in the middle of
        // a backlog only as of the time of the head before. Audit dates by it; a consumer that is ahead must not take
        // it for a source that lost something.
        if (batch.at(-1)!.event.position === head.position) headTimeMs = asOfMs;
        await appendBatch(batch);
      }
      await pauseFor(Math.max(0, readAtMs + paceMs - performance.now()), undefined, { signal }).catch(() => undefined);
    }
  } finally {
    appended.stop();
  }
}
