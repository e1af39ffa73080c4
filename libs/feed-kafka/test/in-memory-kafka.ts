import { setTimeout as pauseFor } from 'node:timers/promises';
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
