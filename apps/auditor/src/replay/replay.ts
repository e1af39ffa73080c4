import { RecordVerifier, type RecordSummary } from '@tillid/eventsourcing';
import type { LogVerdict } from '@tillid/transparency';
import type { OpenedLog } from '../log/open-log.js';
import { verifyFollowed } from '../log/verify-followed.js';
import { entryLine } from './entry-line.js';

export interface ReplayResult {
  readonly holds: boolean;
  readonly printed: number;
  readonly log: LogVerdict;
  readonly record: RecordSummary;
}

/** Prints every entry in order, each proven to stand in the signed tree before it is printed. */
export async function replay({ files, key }: OpenedLog, print: (line: string) => Promise<void>, fromLeaf: number): Promise<ReplayResult> {
  const record = new RecordVerifier();
  let printed = 0;
  const log = await verifyFollowed({ files, key }, { entries: true }, async (bytes, leafIndex) => {
    const placed = record.entry(bytes);
    if (placed === undefined || leafIndex < fromLeaf) return;
    printed += 1;
    // The log's number, not the count of what was fed: behind an entry that is not proven they differ.
    await print(entryLine(bytes, { ...placed, leafIndex }));
  });
  const summary = record.summary();
  return { holds: log.holds && summary.findingCount === 0, printed, log, record: summary };
}
