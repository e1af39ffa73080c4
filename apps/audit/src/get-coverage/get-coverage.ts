import type { GetCoverageReply, GetCoverageRequest } from '@tillid/contracts/audit/v1/service';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { coverageOf, listsHaveAll } from './coverage.js';

/** A list is behind the ledger for milliseconds after every event: that is not worth a word. */
const listsWaitMsMax = 500;

export async function getCoverage(room: AuditRoom, _request: GetCoverageRequest, call: Call): Promise<GetCoverageReply> {
  const caughtUp = await listsHaveAll(room, room.lists, call, listsWaitMsMax);
  return { coverage: await coverageOf(room, !caughtUp) };
}
