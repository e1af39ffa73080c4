import type { GetSourceEndReply, GetSourceEndRequest, ReplaySourceBatch, ReplaySourceRequest } from '@tillid/contracts/audit/v1/service';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import { inBatches } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import { positionBelow } from '../access-log/ledger-entry.js';
import type { AuditRoom } from '../audit.room.js';
import { sourceReplayedStream } from '../domain/audit.events.js';
import { dayOf } from '../domain/log-reading.js';
import { EventSeries } from '../event-series/event-series.js';

const batchBytesMax = 1024 * 1024;
const pageSize = 1000;

/** What the record has of the caller's source, how much of it is signed, and the newest head it ever signed: after a restore, and for whoever acts only while that is recorded. */
export async function getSourceEnd({ ledger, heads, headsRecorder, signedTree }: AuditRoom, _request: GetSourceEndRequest, { caller }: Call): Promise<GetSourceEndReply> {
  const source = sourceOf(caller);
  const heard = heads.of(source)?.head;
  const recorded = (await headsRecorder.last())?.heads.find((head) => head.source === source);
  // After a restart of audit what was heard is little; what was recorded is a second old at most.
  const head = (heard?.position ?? 0) >= (recorded?.position ?? 0) ? heard : recorded;
  return { position: await ledger.lastRevision(source), head, integratedPosition: await positionBelow(ledger, source, signedTree.head.size) };
}

/** Its own events and nobody else's: which source it is follows from the certificate, so there is nothing to ask for wrongly. */
export async function* replaySource({ ledger, log }: AuditRoom, { afterPosition }: ReplaySourceRequest, { caller, signal }: Call): AsyncGenerator<ReplaySourceBatch> {
  const source = sourceOf(caller);
  const end = await ledger.lastRevision(source);
  const nowMs = log.clock.nowMs();
  const day = dayOf(nowMs);
  const recorded = new EventSeries(log, sourceReplayedStream(caller.id, day), 'SourceReplayed');
  // Whichever replica is second finds it there.
  if (afterPosition < end && (await recorded.length()) === 0) await recorded.append({ type: 'SourceReplayed', source, day }, 0, nowMs, { kind: ActorKind.SERVICE, id: caller.id, onBehalfOf: '' });
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
