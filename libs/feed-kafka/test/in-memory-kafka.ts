import { randomBytes } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { ActorKind, type SignedHead } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, sourceKeyFrom } from '@tillid/crypto';
import { commonEvents, hashOf, type EventStore, sourceKeysStream } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { OffsetGone, TopicMissing, type KafkaClient, type NewRecord, type TopicRecord } from '../src/kafka-client.js';

/** One topic with what happens to topics: retention, deletion, strangers' records, appends that fail in both ways. */
export function inMemoryKafka() {
  let records: TopicRecord[] = [];
  let first = 0;
  let next = 0;
  let missing = false;
  let waiting: (() => void)[] = [];
  const faults: ('before writing' | 'after writing')[] = [];
  let held: { readonly until: Promise<void>; begun: () => void } | undefined;
  const read: number[] = [];
  const opened = { readings: 0, writings: 0 };

  const write = (added: readonly NewRecord[]): number => {
    const at = next;
    for (const { headers, value } of added) {
      const asBuffers = Object.entries(headers).map(([name, header]) => [name, Buffer.from(header as Buffer)] as const);
      records.push({ offset: next++, value: Buffer.from(value), headers: Object.fromEntries(asBuffers) });
    }
    for (const wake of waiting.splice(0)) wake();
    return at;
  };

  const client: KafkaClient = {
    async openReading(topic) {
      if (missing) throw new TopicMissing(topic);
      opened.readings++;
      let closed = false;
      return {
        bounds: () => Promise.resolve({ first, next }),
        async read(offset, { maxBytes, waitMs }) {
          if (missing) throw new TopicMissing(topic);
          if (offset < first || offset > next) throw new OffsetGone(`no offset ${offset} in ${first}..${next}`);
          if (offset === next && waitMs > 0) await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), pauseFor(Math.min(waitMs, 5))]);
          if (closed) throw new Error('closed');
          const found: TopicRecord[] = [];
          let bytes = 0;
          for (const record of records) {
            if (record.offset < offset) continue;
            if (found.length > 0 && bytes + record.value.length > maxBytes) break;
            found.push(record);
            bytes += record.value.length;
          }
          read.push(found.length);
          return found;
        },
        close: () => {
          closed = true;
          for (const wake of waiting.splice(0)) wake();
          return Promise.resolve();
        },
      };
    },
    openWriting(topic) {
      if (missing) return Promise.reject(new TopicMissing(topic));
      opened.writings++;
      let spent = false;
      return Promise.resolve({
        async append(added) {
          if (spent) throw new Error('spent');
          held?.begun();
          await held?.until;
          const fault = faults.shift();
          spent = fault !== undefined;
          if (fault === 'before writing') throw new Error('failed before writing, as the test asked');
          const at = write(added);
          if (fault === 'after writing') throw new Error('written, and the answer lost, as the test asked');
          return at;
        },
        close: () => Promise.resolve(),
      });
    },
    administer: () => Promise.reject(new Error('nothing to administer in memory')),
  };
  return {
    client,
    opened,
    /** How many records each read brought. */
    read,
    records: (): readonly TopicRecord[] => records,
    failNext: (...which: typeof faults) => void faults.push(...which),
    /** Somebody else with the right to write. */
    inject: (...added: readonly NewRecord[]) => write(added),
    alter: (which: (record: TopicRecord) => TopicRecord) => void (records = records.map(which)),
    retainFrom(offset: number) {
      first = offset;
      records = records.filter((record) => record.offset >= offset);
    },
    delete: () => void (missing = true),
    makeAnew() {
      [missing, records, first, next] = [false, [], 0, 0];
    },
    /** The next append hangs until `release`: a network that stalls, a process that is paused. Later ones do not. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const begun = new Promise<void>((begin) => {
        held = {
          until: promise,
          begun: () => {
            held = { ...held!, begun: () => undefined };
            begin();
          },
        };
      }).then(() => void (held = undefined));
      return { begun, release: resolve };
    },
  };
}

export const source = 'consent/0';

/** A service's log whose first event announces its key, and the signature its relay asks for. */
export async function announcedLog(store: EventStore = inMemoryEventStore(), key = newSourceKey()) {
  const traceParent = randomBytes(24);
  const event = (stream: string, revision: number, publicKey: Buffer = key.publicKey) => commonEvents.encode({ type: 'SourceKeyAnnounced', source, publicKey, signature: Buffer.alloc(0) }, {
    id: randomBytes(16), salt: randomBytes(16), source, stream, revision, occurredAt: new Date('2026-11-24T12:00:00Z'), subject: 'citizen-1',
    actor: { kind: ActorKind.SYSTEM, id: 'consent', onBehalfOf: '' }, clientId: '', correlationId: 'c', causationId: '', traceParent,
    authority: undefined, outcome: undefined, encrypted: Buffer.alloc(0), commandId: randomBytes(16), commitIndex: 0, commitSize: 1,
  });
  let streams = 0;
  const append = async (count = 1, make: (stream: string) => Uint8Array = (stream) => event(stream, 1)) => {
    for (let added = 0; added < count; added++) {
      // Its first event is where every source announces its key.
      const stream = streams++ === 0 ? sourceKeysStream : `stream-${streams}`;
      await store.append({ commandId: hashOf('command', stream).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream, expectedRevision: 0, events: [make(stream)] }] });
    }
  };
  await append();
  const signHead = (position: number, chain: Uint8Array, timeMs: number): SignedHead => key.sign({ source, position, chain, timeMs });
  const everything = async () => (await store.readAll(0, 100_000)).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  return { store, key, traceParent, append, signHead, everything };
}

export function newSourceKey() {
  return sourceKeyFrom(newSourceKeyFile());
}

/** Waits for something to become so; a test's own time limit ends it. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await pauseFor(1);
}
