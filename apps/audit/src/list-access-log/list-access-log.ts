import type { AccessLogEntry, ListAccessLogReply, ListAccessLogRequest } from '@tillid/contracts/audit/v1/service';
import { citizenOwner, everyoneOwner, StoreFault, type LogOwner } from '@tillid/eventsourcing';
import { citizenOf, parseRequest, type Call } from '@tillid/service';
import { z } from 'zod';
import { entriesProjection, type EntryDocument } from '../access-log/entries.read-model.js';
import { sourcePositionOf } from '../access-log/ledger-entry.js';
import type { AuditRoom } from '../audit.room.js';
import { coverageOf, listsHaveAll } from '../get-coverage/coverage.js';
import { ownLogsName } from '../own-log/own-log.consumer.js';
import type { OwnLogLineDocument } from '../own-log/own-log.documents.js';
import { recordReading } from '../record-reading/record-reading.js';

const schema = z.object({
  pageSize: z.number().int().max(200).transform((size) => (size === 0 ? 50 : size)),
  // The numbers of the last lines shown, of one's own log and of everyone's.
  pageToken: z.string().regex(/^(?:|[0-9]{1,15}\.[0-9]{1,15})$/).transform((token) => (token === '' ? undefined : token.split('.').map(Number))),
});
/** How long the query waits for what is in the ledger already. */
const catchUpMsMax = 2000;

/** Newest first: the citizen's own log, under every name they have, and everyone's. */
export async function listAccessLog(room: AuditRoom, request: ListAccessLogRequest, call: Call): Promise<ListAccessLogReply> {
  const { pageSize, pageToken: [beforeOwn, beforeEveryones] = [] } = parseRequest(schema, request);
  const citizenId = citizenOf(call).subject;
  await recordReading(room, call, citizenId);
  // An entry that is durable in the ledger is never missing from an answer that says it is complete.
  const caughtUp = await listsHaveAll(room, [entriesProjection.name, ownLogsName], call, catchUpMsMax);
  const own = await linesOf(room, citizenOwner(citizenId), beforeOwn, pageSize + 1);
  const everyones = await linesOf(room, everyoneOwner, beforeEveryones, pageSize + 1);
  // As they were numbered, which in each log is its order: nothing is left out or repeated between pages.
  const merged = [...own, ...everyones].sort((one, other) => other.numberedAt - one.numberedAt || other.number - one.number);
  const shown = merged.slice(0, pageSize);
  const documents = await room.entries.getMany(shown.map(({ leafIndex }) => String(leafIndex)));
  return {
    entries: await Promise.all(shown.map((line) => shownLine(room, line, documents.get(String(line.leafIndex))))),
    nextPageToken: merged.length > pageSize ? `${lastNumber(shown, own, beforeOwn)}.${lastNumber(shown, everyones, beforeEveryones)}` : '',
    coverage: await coverageOf(room, !caughtUp),
  };
}

async function linesOf({ ownLogLines }: AuditRoom, owner: LogOwner, before: number | undefined, limit: number): Promise<readonly OwnLogLineDocument[]> {
  const { documents } = await ownLogLines.page({ index: 'byOwner', equals: [owner], ...(before !== undefined && { after: [owner, before] }), limit, descending: true });
  return documents;
}

/** Where the next page goes on in one of the two logs: before the last line shown, or else where this page began. */
function lastNumber(shown: readonly OwnLogLineDocument[], log: readonly OwnLogLineDocument[], before: number | undefined): number {
  const last = shown.findLast((line) => log.includes(line));
  return last?.number ?? before ?? (log[0] === undefined ? 0 : log[0].number + 1);
}

async function shownLine({ clients, ledger }: AuditRoom, line: OwnLogLineDocument, document: EntryDocument | undefined): Promise<AccessLogEntry> {
  // The two lists follow the ledger side by side; a line without its entry is an answer that would leave something out.
  if (document === undefined) throw new StoreFault('a line of an access log has no entry yet');
  const { leafIndex, occurredAtMs, type, actor, clientId, authority, outcome, attributes, source, correlationId } = document;
  const clientName = clientId === '' ? '' : ((await clients.get(clientId))?.name ?? '');
  const sourcePosition = await sourcePositionOf(ledger, source, leafIndex + 1);
  const place = { everyones: line.owner === everyoneOwner, number: line.number, leafHash: Buffer.from(line.leafHash, 'base64'), chain: Buffer.from(line.chain, 'base64') };
  return { leafIndex, occurredAt: new Date(occurredAtMs), type, actor, clientId, clientName, authority, outcome, attributes: [...attributes], source, sourcePosition, correlationId, ...place };
}
