import type { Coverage, SourceCoverage } from '@tillid/contracts/audit/v1/service';
import type { AuditRoom } from '../audit.room.js';
import { sources } from '../domain/audit.events.js';

/** An idle source says so every second; one that has not for this long is silent. */
const silentAfterMs = 5000;

export type CoverageRoom = Pick<AuditRoom, 'ledger' | 'book' | 'heads' | 'signedTree' | 'log'>;

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
    rows.push({ source, takenInPosition, headPosition: Math.max(headPosition, takenInPosition), lastHeard: heard && new Date(heard.heardAtMs), gap, parked, parkedReason });
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
  };
}
