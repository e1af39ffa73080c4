import type { GetReceiptReply, GetReceiptRequest } from '@tillid/contracts/audit/v1/service';
import { concernEveryone, parsePosition } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import { formatReceipt, leafHash, proveInclusion, subtreeRootsFrom } from '@tillid/transparency';
import { readEntry, type LedgerEntry } from '../access-log/ledger-entry.js';
import { isProviderIn } from '../access-log/share-parties.js';
import { isOwn } from '../access-log/subjects.js';
import type { AuditRoom } from '../audit.room.js';
import { waitingFor } from '../deadline.js';
import { standingIn } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import { recordAuditing, recordReading } from '../record-reading/record-reading.js';

const waitMsMax = 30_000;

/** A proof that an entry is in the log, for whoever may see the entry. */
export async function getReceipt(room: AuditRoom, request: GetReceiptRequest, call: Call): Promise<GetReceiptReply> {
  const signal = waitingFor(call, room.log.clock.nowMs(), waitMsMax);
  const leafIndex = request.leafIndex ?? (await leafAt(room, request.sourcePosition, signal));
  const entry = leafIndex === undefined ? undefined : await readEntry(room.ledger, leafIndex);
  const sees = entry && (await seenBy(room, entry, call));
  if (!entry || !sees) throw refuse('entry.unknown');
  const event = sees === 'event' ? Buffer.from(entry.bytes) : Buffer.alloc(0);
  return { ...(await receiptOf(room, entry.leafIndex, signal, request.cosigned)), event, leafIndex: entry.leafIndex, leafHash: leafHash(entry.bytes) };
}

type ReceiptRoom = Pick<AuditRoom, 'signedTree' | 'cosignedTree' | 'files'>;

/** The .tlog-proof of an entry, once a checkpoint covers it. */
export async function receiptOf(room: ReceiptRoom, leafIndex: number, signal: AbortSignal, mustBeCosigned = false): Promise<{ readonly receipt: string; readonly cosigned: boolean }> {
  const { size, checkpoint, cosigned } = await treeWith(room, leafIndex, mustBeCosigned, signal);
  const path = await proveInclusion(leafIndex, size, subtreeRootsFrom(room.files, size));
  return { receipt: formatReceipt({ index: leafIndex, path, checkpoint }), cosigned };
}

/** A tree that the quorum of witnesses has seen, when it must be or there is one already; else the newest signed. */
async function treeWith({ signedTree, cosignedTree }: ReceiptRoom, leafIndex: number, mustBeCosigned: boolean, signal: AbortSignal): Promise<{ size: number; checkpoint: string; cosigned: boolean }> {
  if (mustBeCosigned && cosignedTree.policy === undefined) throw refuse('receipt.no_witnesses');
  const arrived = await (mustBeCosigned ? cosignedTree : signedTree).waitForSize(leafIndex + 1, signal);
  if (!arrived) throw refuse('receipt.not_yet', { retryAfterMs: 1000 });
  const { cosigned } = cosignedTree;
  if (cosigned !== undefined && cosigned.size > leafIndex) return { ...cosigned, cosigned: true };
  return { size: signedTree.head.size, checkpoint: cosignedTree.checkpointOf(signedTree.head), cosigned: false };
}

/** Where an event of a source stands in the ledger; waits for one that was written and has not arrived. */
export async function leafAt({ ledger, book, log }: Pick<AuditRoom, 'ledger' | 'book' | 'log'>, text: string, signal: AbortSignal): Promise<number | undefined> {
  const wanted = parsePosition(text);
  if (wanted === undefined || wanted.position === 0) throw refuse('call.malformed', { fields: [{ field: 'source_position', description: 'is not "<source>@<position>", and there is no leaf_index' }] });
  if (!standingIn(log.source).includes(wanted.source)) return undefined;
  const [there] = await ledger.readStream(wanted.source, wanted.position - 1, 1);
  if (there) return there.position - 1;
  if (!(await book.waitFor('ledger', wanted.source, wanted.position, signal))) throw refuse('receipt.not_yet', { retryAfterMs: 1000 });
  const [event] = await ledger.readStream(wanted.source, wanted.position - 1, 1);
  return event && event.position - 1;
}

/** A share's provider gets the hash: the event bears the citizen's pseudonym at the receiver, and whoever sees it there may open it. */
async function seenBy(room: AuditRoom, { envelope }: LedgerEntry, call: Call): Promise<'event' | 'hash' | undefined> {
  switch (call.caller.kind) {
    case 'auditor':
      await recordAuditing(room, call.caller.id);
      return 'event';
    case 'relying_service':
      return envelope.clientId === call.caller.id ? 'event' : isProviderIn(envelope, call.caller.id) ? 'hash' : undefined;
    case 'citizen_agent': {
      const { subject: citizenId } = await call.requireCitizen();
      if (!concernEveryone.has(envelope.type) && !(await isOwn(room, citizenId, envelope.subject))) return undefined;
      await recordReading(room, call, citizenId);
      return 'event';
    }
    case 'service':
    case 'operator':
    case 'official':
      return undefined;
  }
}
