import type { Coverage, SourceCoverage, WitnessCoverage } from '@tillid/contracts/audit/v1/service';
import type { AuditRoom } from '../audit.room.js';
import { sources } from '../domain/audit.events.js';

/** An idle source says so every second; one that has not for this long is silent. */
const silentAfterMs = 5000;

export type CoverageRoom = Pick<AuditRoom, 'ledger' | 'book' | 'heads' | 'signedTree' | 'cosignedTree' | 'log'>;

/** How complete the record is. "Nothing found" and "cannot know now" are different answers. */
export async function coverageOf(room: CoverageRoom): Promise<Coverage> {
  const { ledger, book, heads, signedTree, log } = room;
  const nowMs = log.clock.nowMs();
  const reasons: string[] = [];
  const rows: SourceCoverage[] = [];
  let completeAsOfMs = Infinity;
  for (const source of sources) {
    const { headPosition, parked, parkedReason } = book.line('ledger', source);
    const takenInPosition = await ledger.lastRevision(source);
    const heard = heads.of(source);
    const gap = headPosition > takenInPosition;
    const integratedPosition = await positionBelow(ledger, source, signedTree.head.size);
    rows.push({ source, takenInPosition, integratedPosition, headPosition: Math.max(headPosition, takenInPosition), lastHeard: heard && new Date(heard.heardAtMs), gap, parked, parkedReason });
    // Everything a verified head covers is in the ledger, so the record is whole until the head was signed.
    completeAsOfMs = Math.min(completeAsOfMs, heard?.head.timeMs ?? 0);
    if (parked) reasons.push(`source.parked:${source}`);
    else if (heard === undefined || nowMs - heard.heardAtMs > silentAfterMs) reasons.push(`source.silent:${source}`);
    else if (gap) reasons.push(`source.gap:${source}`);
  }
  if (signedTree.stopped !== '') reasons.push(signedTree.stopped);
  return {
    sources: rows,
    checkpointSize: signedTree.head.size,
    checkpointAt: new Date(signedTree.head.signedAtMs),
    completeAsOf: completeAsOfMs === 0 ? undefined : new Date(completeAsOfMs),
    mayBeIncomplete: reasons.join(' '),
    ...witnessed(room, nowMs),
  };
}

/** How many of a source's events stand among the first so many of the ledger: by halving, both only grow. */
async function positionBelow(ledger: CoverageRoom['ledger'], source: string, size: number): Promise<number> {
  let low = 0;
  let high = await ledger.lastRevision(source);
  while (low < high) {
    // Mostly all of them do: the newest first.
    const middle = low === 0 ? high : Math.ceil((low + high) / 2);
    const [event] = await ledger.readStream(source, middle - 1, 1);
    if (event !== undefined && event.position <= size) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A tree signed this long ago should have been seen by its witnesses. */
const cosignedWithinMs = 10_000;

/** Who else has seen the tree. That nobody has makes the record no less complete: it is said beside, not among, the reasons for that. */
function witnessed({ signedTree, cosignedTree }: CoverageRoom, nowMs: number): Pick<Coverage, 'witnesses' | 'cosignedSize' | 'cosignedAt' | 'notCosigned'> {
  const { policy, cosigned, witnesses } = cosignedTree;
  const rows = witnesses.map(({ name, cosignedSize, heardAtMs, silentReason }): WitnessCoverage => ({ name, cosignedSize, lastHeard: heardAtMs === undefined ? undefined : new Date(heardAtMs), silentReason }));
  // The tree may go on every second, so what counts is when a quorum last saw one.
  const isLate = signedTree.head.size > (cosigned?.size ?? 0) && nowMs - Math.max(cosigned?.atMs ?? 0, cosignedTree.sinceMs) > cosignedWithinMs;
  return { witnesses: rows, cosignedSize: cosigned?.size ?? 0, cosignedAt: cosigned && new Date(cosigned.atMs), notCosigned: policy === undefined ? 'witness.none_asked' : isLate ? 'witness.no_quorum' : '' };
}
