import type { ReplayBatch } from '@tillid/contracts/audit/v1/service';
import { decodeEnvelope, MalformedEvent } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { leafHash, provenLeaves, type Checkpoint, type FindingCode, type LogFiles, type ProvenLeaves } from '@tillid/transparency';
import { entryLine } from './entry-line.js';
import { hasFilter, instantOf, leafRange, passes, type ReplayChoice } from './replay-choice.js';

export interface ChosenFinding {
  /** `replay.disordered`: twice, or not in order. `replay.not_asked`: not what was asked for. `replay.gap`: all was asked for, and this is not there. */
  readonly code: FindingCode | 'entry.malformed' | 'replay.disordered' | 'replay.not_asked' | 'replay.gap';
  readonly leafIndex: number;
  readonly detail: string;
}

export interface ChosenResult {
  /** Of what was printed. The first thing wrong ends the replay. */
  readonly holds: boolean;
  /** Nothing of what was asked for is left out. True only where that shows: every entry of a range was asked for, and came. */
  readonly complete: boolean;
  readonly findings: readonly ChosenFinding[];
}

export interface ChosenReplay {
  readonly files: LogFiles;
  /** Of the tree that entries must stand in, by the log's own signature. What the service gives from beyond it is not printed. */
  readonly head: Checkpoint;
  readonly choice: ReplayChoice;
  /** Where an earlier run ended; else where the choice begins. */
  readonly startLeaf: number;
  readonly batches: AsyncIterable<ReplayBatch>;
  readonly print: (line: string) => Promise<void>;
  /** A batch has been printed: from here it can be gone on. */
  readonly printed: (token: string, nextLeafIndex: number) => Promise<void>;
  readonly onProgress: (done: number, total: number) => void;
}

class Found extends Error {
  constructor(readonly finding: ChosenFinding) {
    super(finding.code);
  }
}

/**
 * What audit chose to send, each entry proven to stand in the signed tree at the leaf it is said to, and to be one that
 * was asked for. That none was left out shows only where all of a range was asked for.
 */
export async function chosenByService(replay: ChosenReplay): Promise<ChosenResult> {
  const { files, head, choice, startLeaf, batches, print, printed, onProgress } = replay;
  const { end } = leafRange(choice);
  const endLeaf = Math.min(head.size, end);
  const dense = !hasFilter(choice) && instantOf(choice.from) === undefined && instantOf(choice.until) === undefined;
  let due = startLeaf;
  try {
    const leaves = await asFound(due, () => provenLeaves(files, head));
    for await (const batch of batches) {
      for (const [leafIndex, bytes] of placed(batch, due)) {
        if (leafIndex >= endLeaf) break;
        if (leafIndex < due) throw new Found({ code: 'replay.disordered', leafIndex, detail: `came where ${due} or a later one was due` });
        if (dense && leafIndex !== due) throw new Found({ code: 'replay.gap', leafIndex: due, detail: `${leafIndex} came in its place` });
        await print(await provenLine(leaves, choice, leafIndex, bytes));
        due = leafIndex + 1;
      }
      const looked = Math.max(due, Math.min(batch.nextLeafIndex, endLeaf));
      if (!dense) due = looked;
      onProgress(looked, Math.min(endLeaf, batch.endLeafIndex));
      await printed(batch.resumeToken, due);
      if (batch.nextLeafIndex >= endLeaf) break;
    }
    if (dense && due < endLeaf) throw new Found({ code: 'replay.gap', leafIndex: due, detail: 'the replay ended before it' });
    return { holds: true, complete: dense, findings: [] };
  } catch (error) {
    if (error instanceof Found) return { holds: false, complete: false, findings: [error.finding] };
    throw error;
  }
}

function placed({ firstLeafIndex, events, leafIndexes }: ReplayBatch, due: number): (readonly [number, Uint8Array])[] {
  if (leafIndexes.length === 0) return events.map((bytes, at) => [firstLeafIndex + at, bytes]);
  if (leafIndexes.length !== events.length) throw new Found({ code: 'replay.disordered', leafIndex: due, detail: `${events.length} entries at ${leafIndexes.length} leaves` });
  return events.map((bytes, at) => [leafIndexes[at]!, bytes]);
}

async function provenLine(leaves: ProvenLeaves, choice: ReplayChoice, leafIndex: number, bytes: Uint8Array): Promise<string> {
  const hash = await asFound(leafIndex, () => leaves.at(leafIndex));
  if (!leafHash(bytes).equals(hash)) throw new Found({ code: 'entry.mismatch', leafIndex, detail: 'does not hash to its leaf' });
  const event = await asFound(leafIndex, async () => decodeEnvelope(bytes));
  if (leafIndex < leafRange(choice).first || !passes(choice, event)) throw new Found({ code: 'replay.not_asked', leafIndex, detail: 'it is none of those that were asked for' });
  return entryLine(bytes, { leafIndex, source: event.source, event });
}

async function asFound<Result>(leafIndex: number, look: () => Promise<Result>): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof MalformedEvent) throw new Found({ code: 'entry.malformed', leafIndex, detail: error.message });
    if (!(error instanceof Refused)) throw error;
    const code = ({ 'edge.wrong_root': 'root.mismatch', 'tile.missing': 'tile.missing', 'tile.wrong_length': 'tile.wrong_length' } as const)[error.code] ?? 'tile.mismatch';
    throw new Found({ code, leafIndex, detail: `its leaf cannot be proven (${error.code})` });
  }
}
