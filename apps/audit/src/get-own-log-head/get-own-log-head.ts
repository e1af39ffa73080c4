import { setTimeout as pauseFor } from 'node:timers/promises';
import type { GetOwnLogHeadReply, GetOwnLogHeadRequest, OwnLogHead } from '@tillid/contracts/audit/v1/service';
import { citizenOwner, clientOwner, everyoneOwner, formatPosition, type LogOwner } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { waitingFor } from '../deadline.js';
import { refuse } from '../domain/audit.refusals.js';
import { leafAt, receiptOf } from '../get-receipt/get-receipt.js';
import type { CommittedHeads } from '../own-log/own-log-heads.js';
import type { ProvenHead } from '../own-log/own-log-map.js';

const waitMsMax = 30_000;
/** Heads are committed once a second; a store that is slow may take a few. */
const commitWaitMsMax = 3000;
const lookAgainAfterMs = 50;

/** The caller's head as it stands in the signed log, with all one needs to check that. */
export async function getOwnLogHead(room: AuditRoom, _request: GetOwnLogHeadRequest, call: Call): Promise<GetOwnLogHeadReply> {
  const owners = await ownersFor(call);
  const nowMs = room.log.clock.nowMs();
  const { committed, heads } = await committedHeadsOf(room, owners, waitingFor(call, nowMs, commitWaitMsMax));
  const signal = waitingFor(call, nowMs, waitMsMax);
  const leafIndex = await leafAt(room, formatPosition(room.log.source, committed.position), signal);
  if (leafIndex === undefined) throw refuse('receipt.not_yet', { retryAfterMs: 1000 });
  return { heads, event: Buffer.from(committed.bytes), receipt: (await receiptOf(room, leafIndex, signal)).receipt };
}

async function committedHeadsOf({ ownLogHeads, ownLogMap }: AuditRoom, owners: readonly LogOwner[], signal: AbortSignal): Promise<{ committed: CommittedHeads; heads: OwnLogHead[] }> {
  for (;;) {
    const committed = await ownLogHeads.last();
    if (committed === undefined) throw refuse('own_log.not_yet', { retryAfterMs: 1000 });
    // A replica that does not commit learns here what was committed.
    await ownLogMap.advanceTo(committed.ledgerPosition);
    const found = await Promise.all(owners.map(async (owner) => ({ owner, ...(await ownLogMap.headOf(owner)) })));
    // The map goes on with the ledger. While nobody's log does, its root stays; otherwise the next event of it is on its way.
    if (found.every(({ root }) => root.equals(committed.root))) return { committed, heads: found.map(shownHead) };
    if (!(await pauseFor(lookAgainAfterMs, true, { signal }).catch(() => false))) throw refuse('own_log.not_yet', { retryAfterMs: 1000 });
  }
}

async function ownersFor(call: Call): Promise<readonly LogOwner[]> {
  if (call.caller.kind === 'relying_service') return [clientOwner(call.caller.id)];
  return [citizenOwner((await call.requireCitizen()).subject), everyoneOwner];
}

function shownHead({ owner, head, proof: { siblings, other } }: { readonly owner: LogOwner } & ProvenHead): OwnLogHead {
  const nothing = Buffer.alloc(0);
  return { owner, number: head?.number ?? 0, chain: head ? Buffer.from(head.chain) : nothing, siblings: [...siblings], otherKey: other ? Buffer.from(other.key) : nothing, otherValue: other ? Buffer.from(other.value) : nothing };
}
