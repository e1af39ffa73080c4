import { OffsetGone, type TopicReading } from '../kafka-client.js';
import { readRecord, type FeedRecord } from '../record.js';

/**
 * Two relays at once, or one that woke up late, write a batch or two again, so positions fall back now and then. A search
 * may end behind such a place; beginning this many records earlier is before it, and costs a read or two. Were it more
 * than that, what comes next would be a gap, which the source itself fills.
 */
const earlier = 2048;
const waitMs = 100;
const triesMax = 5;

/**
 * The offset from which to read everything after a position: at most some thousand records too early, never too late as
 * far as the topic goes back. Found by halving, each step one small read: offsets are kept nowhere, and cannot be wrong.
 */
export async function locate(reading: TopicReading, afterPosition: number): Promise<number> {
  for (let tried = 1; ; tried++) {
    const { first, next } = await reading.bounds();
    try {
      return Math.max(first, (await firstBeyond(reading, afterPosition, first, next)) - earlier);
    } catch (error) {
      // Retention moved the start meanwhile.
      if (!(error instanceof OffsetGone) || tried === triesMax) throw error;
    }
  }
}

/** The offset of a record beyond the position whose predecessor is not; `high` when there is none. */
async function firstBeyond(reading: TopicReading, afterPosition: number, low: number, high: number): Promise<number> {
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const records = await readableFrom(reading, middle, high);
    const found = records.find(({ position }) => position > afterPosition);
    if (records.length === 0 || found === records[0]) high = middle;
    else if (found) return found.offset;
    else low = records.at(-1)!.offset + 1;
  }
  return low;
}

/** The relay's records of the first record batch that has any. What strangers wrote says nothing about where we are. */
async function readableFrom(reading: TopicReading, from: number, high: number): Promise<readonly FeedRecord[]> {
  for (let offset = from; offset < high; ) {
    const records = await reading.read(offset, { maxBytes: 1, waitMs });
    if (records.length === 0) return [];
    const readable = records.map(readRecord).filter((record) => record !== undefined);
    if (readable.length > 0) return readable;
    offset = records.at(-1)!.offset + 1;
  }
  return [];
}
