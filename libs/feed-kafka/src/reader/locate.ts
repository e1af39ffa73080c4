import { OffsetGone, type TopicReading, type TopicRecord } from '../kafka-client.js';
import { readRecord } from '../record.js';

/**
 * Two relays at once, or one that woke up late, write a batch or two again, so positions fall back now and then. A search
 * may end behind such a place; beginning this many records earlier is before it, and costs a read or two.
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
  const beyond = (record: TopicRecord) => (readRecord(record)?.position ?? 0) > afterPosition;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    // One record batch, from there on.
    const records = await reading.read(middle, { maxBytes: 1, waitMs });
    const found = records.find(beyond);
    if (records.length === 0 || found?.offset === records[0]!.offset) high = middle;
    else if (found) return found.offset;
    else low = records.at(-1)!.offset + 1;
  }
  return low;
}
