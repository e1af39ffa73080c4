import type { GetOwnLogHeadReply, GetOwnLogHeadRequest, OwnLogHead } from '@tillid/contracts/audit/v1/service';
import { citizenOwner, clientOwner, everyoneOwner, formatPosition, type LogOwner } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { waitingFor } from '../deadline.js';
import { refuse } from '../domain/audit.refusals.js';
import { leafAt, receiptOf } from '../get-receipt/get-receipt.js';

const waitMsMax = 30_000;

/** The caller's head as it stands in the signed log, with all one needs to check that. */
export async function getOwnLogHead(room: AuditRoom, _request: GetOwnLogHeadRequest, call: Call): Promise<GetOwnLogHeadReply> {
  const owners = await ownersFor(call);
  const { ownLogHeads, ownLogMap, log } = room;
  const committed = await ownLogHeads.last();
  if (committed === undefined) throw refuse('own_log.not_yet', { retryAfterMs: 1000 });
  // A replica that does not commit learns here what was committed.
  await ownLogMap.advanceTo(committed.ledgerPosition);
  const heads = await Promise.all(owners.map((owner) => headOf(room, owner, committed.ledgerPosition)));
  const signal = waitingFor(call, log.clock.nowMs(), waitMsMax);
  const leafIndex = await leafAt(room, formatPosition(log.source, committed.position), signal);
  if (leafIndex === undefined) throw refuse('receipt.not_yet', { retryAfterMs: 1000 });
  return { heads, event: Buffer.from(committed.bytes), receipt: (await receiptOf(room, leafIndex, signal)).receipt };
}

async function ownersFor(call: Call): Promise<readonly LogOwner[]> {
  if (call.caller.kind === 'relying_service') return [clientOwner(call.caller.id)];
  return [citizenOwner((await call.requireCitizen()).subject), everyoneOwner];
}

async function headOf({ ownLogMap }: AuditRoom, owner: LogOwner, ledgerPosition: number): Promise<OwnLogHead> {
  const { head, proof: { siblings, other }, position } = await ownLogMap.headOf(owner);
  // The next commit is on its way.
  if (position !== ledgerPosition) throw refuse('own_log.not_yet', { retryAfterMs: 200 });
  const nothing = Buffer.alloc(0);
  return { owner, number: head?.number ?? 0, chain: head ? Buffer.from(head.chain) : nothing, siblings: [...siblings], otherKey: other ? Buffer.from(other.key) : nothing, otherValue: other ? Buffer.from(other.value) : nothing };
}
