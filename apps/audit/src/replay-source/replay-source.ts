import type { GetSourceEndReply, GetSourceEndRequest, ReplaySourceBatch, ReplaySourceRequest } from '@tillid/contracts/audit/v1/service';
import { inBatches } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';

const batchBytesMax = 1024 * 1024;
const pageSize = 1000;

/** For a service put back from a backup: what the record has of its source, and the newest head it ever signed. */
export async function getSourceEnd({ ledger, heads, headsRecorder }: AuditRoom, _request: GetSourceEndRequest, { caller }: Call): Promise<GetSourceEndReply> {
  const source = sourceOf(caller);
  const heard = heads.of(source)?.head;
  const recorded = (await headsRecorder.lastBefore(Infinity))?.heads.find((head) => head.source === source);
  // After a restart of audit what was heard is little; what was recorded is a second old at most.
  const head = (heard?.position ?? 0) >= (recorded?.position ?? 0) ? heard : recorded;
  return { position: await ledger.lastRevision(source), head };
}

/** Its own events and nobody else's: which source it is follows from the certificate, so there is nothing to ask for wrongly. */
export async function* replaySource({ ledger }: AuditRoom, { afterPosition }: ReplaySourceRequest, { caller, signal }: Call): AsyncGenerator<ReplaySourceBatch> {
  const source = sourceOf(caller);
  const end = await ledger.lastRevision(source);
  for (let position = afterPosition; position < end && !signal.aborted; ) {
    const page = await ledger.readStream(source, position, Math.min(pageSize, end - position));
    for (const batch of inBatches(page, ({ bytes }) => bytes.length, { bytes: batchBytesMax })) {
      yield { firstPosition: batch[0]!.revision, events: batch.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) };
    }
    position += page.length;
    if (page.length === 0) throw new Error(`the ledger has fewer events of ${source} than it says`);
  }
}

function sourceOf({ id }: Call['caller']): string {
  return `${id}/0`;
}
