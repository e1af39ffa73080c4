import type { Coverage, SourceCoverage, WitnessCoverage } from '@tillid/contracts/audit/v1/service';
import type { Call } from '@tillid/service';
import { positionBelow, readEntry } from '../access-log/ledger-entry.js';
import type { AuditRoom } from '../audit.room.js';
import { waitingFor } from '../deadline.js';
import { followedBy, ledgerSource } from '../domain/audit.events.js';
import { judgeCoverage, type SourceFacts } from './verdict.js';

export type CoverageRoom = Pick<AuditRoom, 'ledger' | 'book' | 'heads' | 'headsRecorder' | 'signedTree' | 'cosignedTree' | 'log' | 'formerLog'>;

/** How complete the record is, and a list read from it. Throws when a store does not answer: what is not known is not told. */
export async function coverageOf(room: CoverageRoom, listsAreBehind: boolean): Promise<Coverage> {
  const { ledger, signedTree, log } = room;
  const nowMs = log.clock.nowMs();
  const { head, stopped } = signedTree;
  const facts = await factsOf(room);
  const oldestUnsigned = facts.some(({ takenInPosition, integratedPosition }) => takenInPosition > integratedPosition) ? await readEntry(ledger, head.size) : undefined;
  const verdict = judgeCoverage({ nowMs, sources: facts, checkpointAtMs: head.signedAtMs, signingStopped: stopped, oldestUnsignedMs: oldestUnsigned?.envelope.occurredAt?.getTime(), listsAreBehind });
  const rows = facts.map(({ source, takenInPosition, integratedPosition, headPosition, parkedReason, heard }): SourceCoverage => {
    const { completeAsOfMs, mayBeIncomplete } = verdict.sources.get(source)!;
    const gap = headPosition > takenInPosition;
    return { source, takenInPosition, integratedPosition, headPosition: Math.max(headPosition, takenInPosition), lastHeard: at(heard?.heardAtMs), gap, parked: parkedReason !== '', parkedReason, completeAsOf: at(completeAsOfMs), mayBeIncomplete };
  });
  return {
    sources: rows,
    checkpointSize: head.size,
    checkpointAt: new Date(head.signedAtMs),
    checkpointAgeMs: head.signedAtMs === 0 ? 0 : Math.max(0, nowMs - head.signedAtMs),
    completeAsOf: at(verdict.completeAsOfMs),
    mayBeIncomplete: verdict.mayBeIncomplete,
    ...witnessed(room, nowMs),
    formerLog: room.formerLog,
  };
}

/** Whether these lists have what was in the ledger when this was asked; waits a little for what is on its way. */
export async function listsHaveAll({ ledger, book, log }: Pick<AuditRoom, 'ledger' | 'book' | 'log'>, lists: readonly string[], call: Call, waitMsMax: number): Promise<boolean> {
  const { position } = await ledger.head();
  const signal = waitingFor(call, log.clock.nowMs(), waitMsMax);
  return (await Promise.all(lists.map((list) => book.waitFor(list, ledgerSource, position, signal)))).every((passed) => passed);
}

async function factsOf({ ledger, book, heads, headsRecorder, signedTree, log }: CoverageRoom): Promise<readonly SourceFacts[]> {
  const sources = followedBy(log.source);
  // What was heard before this process began stands in the record.
  const recorded = sources.every((source) => heads.of(source)) ? undefined : await headsRecorder.last();
  return Promise.all(sources.map(async (source): Promise<SourceFacts> => {
    const { headPosition, parked, parkedReason } = book.line('ledger', source);
    const takenInPosition = await ledger.lastRevision(source);
    const integratedPosition = await positionBelow(ledger, source, signedTree.head.size);
    const now = heads.of(source);
    const then = recorded?.heads.find((head) => head.source === source);
    const heard = now ? { signedAtMs: now.head.timeMs, heardAtMs: now.heardAtMs } : then && { signedAtMs: then.timeMs, heardAtMs: recorded!.timeMs };
    return { source, takenInPosition, integratedPosition, headPosition, parkedReason: parked ? parkedReason || 'consumer.parked' : '', heard };
  }));
}

function at(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

/** A tree signed this long ago should have been seen by its witnesses. */
const cosignedWithinMs = 10_000;

/** Who else has seen the tree. That nobody has makes the record no less complete: it is said beside, not among, the reasons for that. */
function witnessed({ signedTree, cosignedTree }: CoverageRoom, nowMs: number): Pick<Coverage, 'witnesses' | 'cosignedSize' | 'cosignedAt' | 'notCosigned'> {
  const { policy, cosigned, witnesses } = cosignedTree;
  const rows = witnesses.map(({ name, cosignedSize, heardAtMs, silentReason }): WitnessCoverage => ({ name, cosignedSize, lastHeard: at(heardAtMs), silentReason }));
  // The tree may go on every second, so what counts is when a quorum last saw one.
  const isLate = signedTree.head.size > (cosigned?.size ?? 0) && nowMs - Math.max(cosigned?.atMs ?? 0, cosignedTree.sinceMs) > cosignedWithinMs;
  return { witnesses: rows, cosignedSize: cosigned?.size ?? 0, cosignedAt: cosigned && new Date(cosigned.atMs), notCosigned: policy === undefined ? 'witness.none_asked' : isLate ? 'witness.no_quorum' : '' };
}
