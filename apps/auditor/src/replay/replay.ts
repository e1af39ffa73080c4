import { RecordVerifier, type RecordSummary } from '@tillid/eventsourcing';
import type { LogVerdict } from '@tillid/transparency';
import type { OpenedLog } from '../log/open-log.js';
import { verifyFollowed } from '../log/verify-followed.js';
import { DatedRange } from './dated-range.js';
import { entryLine } from './entry-line.js';
import { everything, instantOf, leafRange, passes, type ReplayChoice } from './replay-choice.js';

export interface ReplayResult {
  readonly holds: boolean;
  readonly printed: number;
  /** False: what the log dates into, or out of, the instants asked for may still come. */
  readonly datesSettled: boolean;
  readonly log: LogVerdict;
  readonly record: RecordSummary;
}

export interface ReplayWish {
  readonly choice?: ReplayChoice;
  /** The tree that is replayed, and its checkpoint: what has come since is checked and not printed, and the log must continue it. */
  readonly tree?: { readonly size: number; readonly checkpoint: string } | undefined;
  /** Of an earlier run: of what comes before this leaf, nothing is printed again. */
  readonly printedBefore?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export type Print = (line: string, leafIndex: number) => Promise<void>;

/**
 * Reads and proves every entry of the log, in order, and prints those asked for, each proven to stand in the signed tree
 * before it is printed. Whoever gives the entries learns nothing of the choice and can leave out nothing of it.
 */
export async function replay({ files, key }: OpenedLog, print: Print, { choice = everything, tree, printedBefore = 0, onProgress }: ReplayWish = {}): Promise<ReplayResult> {
  const record = new RecordVerifier();
  const { first, end } = leafRange(choice);
  const last = Math.min(end, tree?.size ?? Infinity);
  const range = new DatedRange<Line>(instantOf(choice.from), instantOf(choice.until));
  let printed = 0;
  let ended = false;

  const printAll = (lines: readonly Line[]): Promise<void> | undefined => {
    printed += lines.length;
    const fresh = lines.filter(({ leafIndex }) => leafIndex >= printedBefore);
    return fresh.length === 0 ? undefined : inOrder(fresh, print);
  };

  const log = await verifyFollowed({ files, key }, { entries: true, ...(tree && { previousCheckpoint: tree.checkpoint }), ...(onProgress && { onProgress }) }, (bytes, leafIndex) => {
    const placed = record.entry(bytes);
    if (ended) return undefined;
    if (leafIndex >= last) {
      ended = true;
      return printAll(range.end());
    }
    if (placed === undefined) return undefined;
    const lines: Line[] = [];
    if (leafIndex >= first && passes(choice, placed.event)) {
      // The log's number, not the count of what was fed: behind an entry that is not proven they differ.
      const item = { leafIndex, text: leafIndex < printedBefore ? '' : entryLine(bytes, { ...placed, leafIndex }) };
      lines.push(...range.entry({ ...placed, item }));
    }
    if (placed.event.type === 'tillid.audit.v1.HeadsSeen') lines.push(...range.headsSeen(record.timeline));
    return printAll(lines);
  });
  if (!ended) await printAll(range.end());
  const summary = record.summary();
  return { holds: log.holds && summary.findingCount === 0, printed, datesSettled: range.isSettled, log, record: summary };
}

interface Line {
  readonly leafIndex: number;
  readonly text: string;
}

async function inOrder(lines: readonly Line[], print: Print): Promise<void> {
  for (const { text, leafIndex } of lines) await print(text, leafIndex);
}
