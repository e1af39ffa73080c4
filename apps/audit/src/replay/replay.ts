import type { ReplayBatch, ReplayRequest } from '@tillid/contracts/audit/v1/service';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import { appendsTo, decodeEnvelope, handle } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { auditEvents, replayStream, sources } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import { positionsIn } from '../domain/heads-seen.js';
import { replay as replayDecider } from '../domain/replay.decider.js';
import { formatResumeToken, parseResumeToken, type ResumePoint } from './resume-token.js';

/** The ledger in order. Asked for the next batch only when the reader has taken the last one: nothing piles up for it. */
export async function* replay(room: AuditRoom, request: ReplayRequest, call: Call): AsyncGenerator<ReplayBatch> {
  let point = request.resumeToken === undefined ? await begin(room, request, call) : await resume(room, request.resumeToken, call);
  const end = (await room.ledger.head()).position;
  const appended = appendsTo(room.ledger, call.signal);
  try {
    while (!call.signal.aborted) {
      appended.clear();
      const page = await room.ledger.readAll(point.nextLeafIndex, eventsPerBatch(request.follow, end - point.nextLeafIndex));
      if (page.length === 0) {
        if (!request.follow) return;
        await appended.next(lookAgainAfterMs);
        continue;
      }
      for (const batch of batchesOf(page, point)) {
        point = { ...point, nextLeafIndex: batch.firstLeafIndex + batch.events.length };
        yield { ...batch, resumeToken: formatResumeToken(point) };
      }
      // Entries at the end of the page may all be of before the instant.
      point = { ...point, nextLeafIndex: (page.at(-1) as { position: number }).position };
    }
  } finally {
    appended.stop();
  }
}

const eventsMax = 256;
const batchBytesMax = 1024 * 1024;
const lookAgainAfterMs = 1000;

function eventsPerBatch(follow: boolean, left: number): number {
  return follow ? eventsMax : Math.max(0, Math.min(eventsMax, left));
}

/** Recorded before the first entry leaves. */
async function begin(room: AuditRoom, request: ReplayRequest, call: Call): Promise<ResumePoint> {
  if (!/^[\x21-\x7e]{16,64}$/.test(call.idempotencyKey)) throw refuse('call.malformed', { fields: [{ field: 'idempotency_key', description: 'must be 16 to 64 characters' }] });
  if (request.leafIndex === undefined && request.instant === undefined) throw refuse('call.malformed', { fields: [{ field: 'from', description: 'must be set' }] });
  const { nextLeafIndex, skipUntil } = request.instant === undefined ? { nextLeafIndex: request.leafIndex ?? 0, skipUntil: {} } : await startOf(room, request.instant);
  if (nextLeafIndex > (await room.ledger.head()).position) throw refuse('replay.position_ahead');
  const context = call.context();
  const replayId = Buffer.from(context.commandId).toString('hex');
  const { events } = await handle(room.log, context, [
    {
      stream: replayStream(replayId),
      decider: replayDecider,
      command: { type: 'ReplayLog', replayId, fromPosition: nextLeafIndex + 1 },
      envelope: () => ({ actor: { kind: ActorKind.AUDITOR, id: call.caller.id } }),
    },
  ]);
  const recorded = events[0]?.event;
  // A repeated call replays what was recorded, even where the instant has been dated more closely since.
  const from = recorded?.type === 'LogReplayed' ? recorded.fromPosition - 1 : nextLeafIndex;
  return { replayId, nextLeafIndex: from, skipUntil };
}

async function resume(room: AuditRoom, token: string, call: Call): Promise<ResumePoint> {
  const point = parseResumeToken(token);
  const [first] = await room.log.store.readStream(replayStream(point.replayId), 0, 1);
  const recorded = first && auditEvents.decode(first.bytes, first.position);
  // Someone else's replay, or an entry before the one it was recorded from, would be read without a record.
  if (recorded?.event.type !== 'LogReplayed' || recorded.envelope.actor?.id !== call.caller.id || point.nextLeafIndex + 1 < recorded.event.fromPosition) {
    throw refuse('replay.token_malformed');
  }
  if (point.nextLeafIndex > (await room.ledger.head()).position) throw refuse('replay.position_ahead');
  return point;
}

/** The first entry dated at or after an instant, and per source what comes after it in the ledger and yet is dated before. */
async function startOf({ ledger, headsRecorder }: AuditRoom, instant: Date): Promise<{ readonly nextLeafIndex: number; readonly skipUntil: Record<string, number> }> {
  const before = positionsIn(await headsRecorder.lastBefore(instant.getTime()));
  const skipUntil: Record<string, number> = {};
  let nextLeafIndex = (await ledger.head()).position;
  for (const source of sources) {
    const position = before.get(source) ?? 0;
    const [last, first] = [position === 0 ? undefined : (await ledger.readStream(source, position - 1, 1))[0], (await ledger.readStream(source, position, 1))[0]];
    if (last !== undefined) skipUntil[source] = last.position;
    if (first !== undefined) nextLeafIndex = Math.min(nextLeafIndex, first.position - 1);
  }
  return { nextLeafIndex, skipUntil };
}

function* batchesOf(page: readonly { readonly position: number; readonly bytes: Uint8Array }[], { skipUntil }: ResumePoint): Generator<{ firstLeafIndex: number; events: Buffer[] }> {
  const filtered = Object.values(skipUntil).some((position) => position >= (page[0]?.position ?? 0));
  let batch: { firstLeafIndex: number; events: Buffer[] } | undefined;
  let bytesInBatch = 0;
  for (const { position, bytes } of page) {
    const skipped = filtered && position <= (skipUntil[decodeEnvelope(bytes).source] ?? 0);
    if (batch !== undefined && (skipped || bytesInBatch + bytes.length > batchBytesMax)) {
      yield batch;
      batch = undefined;
      bytesInBatch = 0;
    }
    if (skipped) continue;
    batch ??= { firstLeafIndex: position - 1, events: [] };
    batch.events.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    bytesInBatch += bytes.length;
  }
  if (batch !== undefined) yield batch;
}
