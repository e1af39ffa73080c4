import type { AccessLogEntry, ListAccessLogReply, ListAccessLogRequest } from '@tillid/contracts/audit/v1/service';
import { citizenOf, parseRequest, type Call } from '@tillid/service';
import { z } from 'zod';
import { entriesProjection, type EntryDocument } from '../access-log/entries.read-model.js';
import { sourcePositionOf } from '../access-log/ledger-entry.js';
import { linksProjection } from '../access-log/links.read-model.js';
import { subjectsOf } from '../access-log/subjects.js';
import type { AuditRoom } from '../audit.room.js';
import { waitingFor } from '../deadline.js';
import { ledgerSource } from '../domain/audit.events.js';
import { coverageOf } from '../get-coverage/coverage.js';
import { recordReading } from '../record-reading/record-reading.js';

const schema = z.object({
  pageSize: z.number().int().max(200).transform((size) => (size === 0 ? 50 : size)),
  // The leaf index of the last entry of the page before.
  pageToken: z.string().regex(/^(?:|[0-9]{1,15})$/).transform((token) => (token === '' ? undefined : Number(token))),
});
/** How long the query waits for what is in the ledger already. */
const catchUpMsMax = 2000;

/** Newest first, over every name the citizen has. */
export async function listAccessLog(room: AuditRoom, request: ListAccessLogRequest, call: Call): Promise<ListAccessLogReply> {
  const { pageSize, pageToken } = parseRequest(schema, request);
  const citizenId = citizenOf(call).subject;
  await recordReading(room, call, citizenId);
  const caughtUp = await catchUp(room, call);
  const subjects = await subjectsOf(room, citizenId);
  const pages = await Promise.all(subjects.map((subject) => pageOf(room, subject, pageToken, pageSize + 1)));
  const merged = pages.flat().sort((one, other) => other.leafIndex - one.leafIndex);
  const shown = merged.slice(0, pageSize);
  const coverage = await coverageOf(room);
  return {
    entries: await Promise.all(shown.map((entry) => lineOf(room, entry))),
    nextPageToken: merged.length > pageSize ? String(shown.at(-1)?.leafIndex) : '',
    coverage: caughtUp ? coverage : { ...coverage, mayBeIncomplete: `access_log.behind ${coverage.mayBeIncomplete}`.trim() },
  };
}

/** An entry that is durable in the ledger is never missing from an answer that says it is complete. */
async function catchUp({ ledger, book, log }: AuditRoom, call: Call): Promise<boolean> {
  const { position } = await ledger.head();
  const signal = waitingFor(call, log.clock.nowMs(), catchUpMsMax);
  const waits = [entriesProjection.name, linksProjection.name].map((consumer) => book.waitFor(consumer, ledgerSource, position, signal));
  return (await Promise.all(waits)).every((passed) => passed);
}

async function pageOf({ entries }: AuditRoom, subject: string, beforeLeaf: number | undefined, limit: number): Promise<readonly EntryDocument[]> {
  const { documents } = await entries.page({ index: 'bySubject', equals: [subject], ...(beforeLeaf !== undefined && { after: [subject, beforeLeaf] }), limit, descending: true });
  return documents;
}

async function lineOf({ clients, ledger }: AuditRoom, entry: EntryDocument): Promise<AccessLogEntry> {
  const { leafIndex, occurredAtMs, type, actor, clientId, authority, outcome, attributes, source, correlationId } = entry;
  const clientName = clientId === '' ? '' : ((await clients.get(clientId))?.name ?? '');
  const sourcePosition = await sourcePositionOf(ledger, source, leafIndex + 1);
  return { leafIndex, occurredAt: new Date(occurredAtMs), type, actor, clientId, clientName, authority, outcome, attributes: [...attributes], source, sourcePosition, correlationId };
}
