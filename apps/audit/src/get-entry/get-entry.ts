import type { GetEntryReply, GetEntryRequest } from '@tillid/contracts/audit/v1/service';
import { concernEveryone } from '@tillid/eventsourcing';
import { citizenOf, type Call } from '@tillid/service';
import { readEntry, sourcePositionOf } from '../access-log/ledger-entry.js';
import { isOwn } from '../access-log/subjects.js';
import type { AuditRoom } from '../audit.room.js';
import { refuse } from '../domain/audit.refusals.js';
import { recordReading } from '../record-reading/record-reading.js';

/** One entry of one's own log, whole. */
export async function getEntry(room: AuditRoom, { leafIndex }: GetEntryRequest, call: Call): Promise<GetEntryReply> {
  const citizenId = citizenOf(call).subject;
  const entry = await readEntry(room.ledger, leafIndex);
  if (entry === undefined) throw refuse('entry.unknown');
  const { subject, type, source } = entry.envelope;
  if (!concernEveryone.has(type) && !(await isOwn(room, citizenId, subject))) throw refuse('entry.unknown');
  await recordReading(room, call, citizenId);
  return { event: Buffer.from(entry.bytes), leafIndex, source, sourcePosition: await sourcePositionOf(room.ledger, source, leafIndex + 1) };
}
