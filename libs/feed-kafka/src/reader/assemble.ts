import type { FeedBatch } from '@tillid/eventsourcing';
import type { SignedHead } from '@tillid/contracts/event/v1/event';
import type { TopicRecord } from '../kafka-client.js';
import { readRecord } from '../record.js';

export interface Assembled {
  readonly batches: readonly FeedBatch[];
  /** The last position in them; what was delivered before when there is none. */
  readonly delivered: number;
  /** Records that are not the relay's, whatever they are. */
  readonly strange: number;
}

interface Run {
  readonly firstPosition: number;
  readonly events: Buffer[];
  head: SignedHead | undefined;
}

/**
 * Makes of what one read brought, in the topic's order, what a source itself would send after `delivered`: duplicates
 * and heads that know less are left out, a hole begins a new batch, and of the heads within a batch the last one speaks
 * for all. Trusts nothing: whether the source wrote it is for `takeIn` to say.
 */
export function assemble(records: readonly TopicRecord[], delivered: number): Assembled {
  const batches: FeedBatch[] = [];
  let strange = 0;
  let run: Run = { firstPosition: delivered + 1, events: [], head: undefined };
  const next = () => run.firstPosition + run.events.length;
  const finish = () => {
    if (run.events.length > 0) batches.push(run);
    else if (run.head) batches.push({ firstPosition: 0, events: [], head: run.head });
  };

  for (const record of records) {
    const read = readRecord(record);
    if (!read) {
      strange++;
    } else if (read.position < next() - (read.kind === 'head' ? 1 : 0)) {
      // Known: a relay that began anew, or two at once, wrote it again.
    } else if (read.kind === 'head') {
      run.head = read.head;
    } else {
      if (read.position > next()) {
        finish();
        run = { firstPosition: read.position, events: [], head: undefined };
      }
      run.events.push(read.bytes);
    }
  }
  finish();
  return { batches, delivered: next() - 1, strange };
}
