import { emptyChain, keysInForceOf, nextChain, verifySignedHead, type EventStore } from '@tillid/eventsourcing';
import type { TopicReading, TopicRecord } from '../kafka-client.js';
import { readRecord, type FeedRecord } from '../record.js';

/** Where the relay goes on. */
export interface Place {
  readonly position: number;
  readonly chain: Uint8Array;
  /** Time of the head that says so: no later head may claim less at an earlier time. */
  readonly headTimeMs: number;
  /** What the next record's offset is, if nobody else writes. */
  readonly nextOffset: number;
}

/** The topic tells of another history than this log's: publishing on it would make two of one source. */
export class RelayRefused extends Error {
  override readonly name = 'RelayRefused';
}

type Head = Extract<FeedRecord, { readonly kind: 'head' }>;

/** A relay that woke up late wrote one batch behind its time; the furthest head of two batches' records is the place. */
const windowRecords = 2100;
const lookBackMax = 100_000;
const readBytes = 1024 * 1024;
const waitMs = 1000;
const pageEvents = 1000;

/**
 * The furthest of the last heads the source signed: each batch ends with one, so it is where the last relay got to. An
 * empty topic begins at the log's head; consumers ask the source itself for what was before. Records that are not the
 * source's are passed over; a topic of nothing else is as good as empty. Throws RelayRefused when the topic knows more than the log, or something else.
 */
export async function findPlace(reading: TopicReading, source: string, store: EventStore): Promise<Place> {
  const { first, next } = await reading.bounds();
  const log = await store.head();
  const beginning: Place = { ...log, headTimeMs: 0, nextOffset: next };
  if (first === next) return beginning;

  const isSourcesOwn = await judgeOf(source, store);
  for (let back = windowRecords; ; back *= 4) {
    const from = Math.max(first, next - back);
    const head = furthest(headsIn(await readUntil(reading, from, next)), isSourcesOwn);
    if (head) return agreed(head, log, store, next);
    if (from === first || back > lookBackMax) return beginning;
  }
}

async function agreed({ position, chain, head }: Head, log: { readonly position: number }, store: EventStore, nextOffset: number): Promise<Place> {
  if (position > log.position) throw new RelayRefused(`the topic is at ${position} and the log at ${log.position}: was the log put back?`);
  if (Buffer.compare(chain, await chainAfter(store, position)) !== 0) throw new RelayRefused(`the topic's history up to ${position} is another than the log's`);
  return { position, chain, headTimeMs: head.timeMs, nextOffset };
}

/** By the key the log announces for that position; a log that announces none (a test's) is taken at its word. */
async function judgeOf(source: string, store: EventStore): Promise<(head: Head) => boolean> {
  const keys = await keysInForceOf(source, store);
  return ({ head }) => {
    const key = keys.at(head.position);
    return head.source === source && (keys.all().length === 0 || (key !== undefined && verifySignedHead(head, key)));
  };
}

function headsIn(records: readonly TopicRecord[]): Head[] {
  return records.map(readRecord).filter((record): record is Head => record?.kind === 'head');
}

/** Checked from the furthest down: a signature costs more than a comparison. */
function furthest(heads: readonly Head[], isSourcesOwn: (head: Head) => boolean): Head | undefined {
  return heads.toSorted((one, other) => other.position - one.position || other.head.timeMs - one.head.timeMs).find(isSourcesOwn);
}

async function readUntil(reading: TopicReading, from: number, next: number): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  for (let offset = from; offset < next; ) {
    const page = await reading.read(offset, { maxBytes: readBytes, waitMs });
    if (page.length === 0) throw new Error('the topic is shorter than its broker says');
    // Only heads are looked at: the events' bytes need not be held meanwhile.
    records.push(...page.filter((record) => record.offset < next && readRecord(record)?.kind === 'head'));
    offset = page.at(-1)!.offset + 1;
  }
  return records;
}

async function chainAfter(store: EventStore, position: number): Promise<Uint8Array> {
  const kept = await store.chainAt?.(position);
  if (kept) return kept;
  let chain: Uint8Array = emptyChain;
  for (let at = 0; at < position; ) {
    const page = await store.readAll(at, Math.min(pageEvents, position - at));
    if (page.length === 0) throw new Error('the log is shorter than it was');
    for (const { bytes } of page) chain = nextChain(chain, bytes);
    at += page.length;
  }
  return chain;
}
