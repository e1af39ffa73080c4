import { setTimeout as pauseFor } from 'node:timers/promises';
import type { ReplayBatch, ReplayRequest } from '@tillid/contracts/audit/v1/service';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import { appendsTo, handle } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { auditEvents, followedBy, replayStream, standingIn } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import { positionsIn } from '../domain/heads-seen.js';
import { replay as replayDecider } from '../domain/replay.decider.js';
import { entryFilter, fieldsOf, sourceOf, type EntryFilter, type FieldText } from './entry-filter.js';
import { bindingOf, formatResumeToken, isBoundBy, parseResumeToken, type ReplayBounds, type ResumePoint } from './resume-token.js';

/** The ledger in order. Asked for the next batch only when the reader has taken the last one: nothing piles up for it. */
export async function* replay(room: AuditRoom, request: ReplayRequest, call: Call): AsyncGenerator<ReplayBatch> {
  const filter = entryFilter(request.filter);
  let point = request.resumeToken === undefined ? await begin(room, request, call, filter) : await resume(room, request, request.resumeToken, call, filter);
  const end = request.follow ? Infinity : Math.min((await room.ledger.head()).position, lastOf(point));
  const appended = appendsTo(room.ledger, call.signal);
  try {
    while (!call.signal.aborted && point.nextLeafIndex < end) {
      appended.clear();
      const page = await room.ledger.readAll(point.nextLeafIndex, Math.min(pageEvents, end - point.nextLeafIndex));
      if (page.length === 0) {
        await appended.next(lookAgainAfterMs);
        continue;
      }
      for (const { leafIndexes, events, nextLeafIndex } of batchesOf(page, point, filter, followedBy(room.log.source))) {
        point = { ...point, nextLeafIndex };
        yield {
          firstLeafIndex: leafIndexes[0] ?? nextLeafIndex,
          events,
          resumeToken: formatResumeToken(point),
          leafIndexes: filter ? leafIndexes : [],
          nextLeafIndex,
          endLeafIndex: end === Infinity ? 0 : end,
        };
      }
    }
  } finally {
    appended.stop();
  }
}

/** A page is read in one go, while nothing else of audit is done: 2,000 events are some 4 ms. */
const pageEvents = 2_000;
const batchBytesMax = 1024 * 1024;
const lookAgainAfterMs = 1000;
/** Later than that a HeadsSeen of an instant is not recorded: it takes its time when it is written. */
const settledAfterMs = 2_000;
/** How long entries that a head names may be on their way into the ledger. */
const takenInWithinMs = 5_000;

function lastOf({ stopAfter }: ReplayBounds): number {
  return stopAfter === null ? Infinity : Math.max(0, ...Object.values(stopAfter));
}

/** Recorded before the first entry leaves. */
async function begin(room: AuditRoom, request: ReplayRequest, call: Call, filter: EntryFilter | undefined): Promise<ResumePoint> {
  if (!/^[\x21-\x7e]{16,64}$/.test(call.idempotencyKey)) throw malformed('idempotency_key', 'must be 16 to 64 characters');
  if (request.leafIndex === undefined && request.instant === undefined) throw malformed('from', 'must be set');
  if (request.until !== undefined && request.follow) throw malformed('until', 'not with follow');
  const { nextLeafIndex, skipUntil } = request.instant === undefined ? { nextLeafIndex: request.leafIndex ?? 0, skipUntil: {} } : await startOf(room, request.instant);
  const stopAfter = request.until === undefined ? null : await endOf(room, request.until, call);
  if (nextLeafIndex > (await room.ledger.head()).position) throw refuse('replay.position_ahead');
  const context = call.context();
  const replayId = Buffer.from(context.commandId).toString('hex');
  const { events } = await handle(room.log, context, [
    {
      stream: replayStream(replayId),
      decider: replayDecider,
      command: { type: 'ReplayLog', replayId, fromPosition: nextLeafIndex + 1, filteredBy: [...(filter?.filteredBy ?? [])], untilMs: request.until?.getTime() ?? 0 },
      envelope: () => ({ actor: { kind: ActorKind.AUDITOR, id: call.caller.id } }),
    },
  ]);
  const recorded = events[0]?.event;
  // A repeated call replays what was recorded, even where the instant has been dated more closely since.
  const from = recorded?.type === 'LogReplayed' ? recorded.fromPosition - 1 : nextLeafIndex;
  const bounds = { replayId, skipUntil, stopAfter };
  return { ...bounds, nextLeafIndex: from, binding: bindingOf(context.fingerprint, bounds, filter?.canonical ?? '') };
}

async function resume(room: AuditRoom, request: ReplayRequest, token: string, call: Call, filter: EntryFilter | undefined): Promise<ResumePoint> {
  if (request.until !== undefined) throw malformed('until', 'not with resume_token');
  const point = parseResumeToken(token);
  if (point.stopAfter !== null && request.follow) throw malformed('follow', 'not until an instant');
  const [first] = await room.log.store.readStream(replayStream(point.replayId), 0, 1);
  const recorded = first && auditEvents.decode(first.bytes, first.position);
  const commit = await room.log.store.find(Buffer.from(point.replayId, 'hex'));
  // Someone else's replay, an entry before the one it was recorded from, or one that its filter held back would be read without a record.
  if (recorded?.event.type !== 'LogReplayed' || recorded.envelope.actor?.id !== call.caller.id || point.nextLeafIndex + 1 < recorded.event.fromPosition || !commit || !isBoundBy(commit.fingerprint, point, filter?.canonical ?? '')) {
    throw refuse('replay.token_malformed');
  }
  if (point.nextLeafIndex > (await room.ledger.head()).position) throw refuse('replay.position_ahead');
  return point;
}

/** The first entry dated at or after an instant, and per source what comes after it in the ledger and yet is dated before. */
async function startOf({ ledger, headsRecorder, log }: AuditRoom, instant: Date): Promise<{ readonly nextLeafIndex: number; readonly skipUntil: Record<string, number> }> {
  const before = positionsIn(await headsRecorder.lastBefore(instant.getTime()));
  const skipUntil: Record<string, number> = {};
  let nextLeafIndex = (await ledger.head()).position;
  for (const source of standingIn(log.source)) {
    const position = before.get(source) ?? 0;
    const [last, first] = [position === 0 ? undefined : (await ledger.readStream(source, position - 1, 1))[0], (await ledger.readStream(source, position, 1))[0]];
    if (last !== undefined) skipUntil[source] = last.position;
    if (first !== undefined) nextLeafIndex = Math.min(nextLeafIndex, first.position - 1);
  }
  return { nextLeafIndex, skipUntil };
}

/** Per source, where in the ledger the last entry stands that the last HeadsSeen at or before the instant names. */
async function endOf({ ledger, headsRecorder, log }: AuditRoom, until: Date, { signal }: Call): Promise<Record<string, number>> {
  // Nobody can say yet what will be dated so.
  if (log.clock.nowMs() - until.getTime() < settledAfterMs) throw refuse('replay.instant_ahead');
  const stopAfter: Record<string, number> = {};
  for (const [source, position] of positionsIn(await headsRecorder.lastBefore(until.getTime() + 1))) {
    if (position > 0) stopAfter[source] = await placeOf(ledger, source, position, signal);
  }
  return stopAfter;
}

async function placeOf(ledger: AuditRoom['ledger'], source: string, position: number, signal: AbortSignal): Promise<number> {
  const giveUpAtMs = performance.now() + takenInWithinMs;
  for (;;) {
    const [entry] = await ledger.readStream(source, position - 1, 1);
    if (entry) return entry.position;
    // A head is seen before what it names is taken in.
    if (performance.now() >= giveUpAtMs) throw refuse('replay.not_yet', { retryAfterMs: lookAgainAfterMs });
    await pauseFor(100, undefined, { signal });
  }
}

function malformed(field: string, description: string): Error {
  return refuse('call.malformed', { fields: [{ field, description }] });
}

interface FoundEntries {
  readonly leafIndexes: number[];
  readonly events: Buffer[];
  /** Every entry before it was looked at. */
  readonly nextLeafIndex: number;
}

/** What of a page goes out: one batch at least, if it is empty. Without a filter the entries of a batch are dense. */
function* batchesOf(page: readonly { readonly position: number; readonly bytes: Uint8Array }[], { skipUntil, stopAfter }: ReplayBounds, filter: EntryFilter | undefined, sources: readonly string[]): Generator<FoundEntries> {
  const skips = Object.values(skipUntil).some((position) => position >= page[0]!.position);
  const stops = stopAfter !== null && sources.some((source) => (stopAfter[source] ?? 0) < page.at(-1)!.position);
  const all = !skips && !stops && !filter;
  let [leafIndexes, events, bytesInBatch]: [number[], Buffer[], number] = [[], [], 0];
  for (const { position, bytes } of page) {
    const wanted = all || passes(fieldsOf(bytes), position);
    if (events.length > 0 && ((!wanted && !filter) || (wanted && bytesInBatch + bytes.length > batchBytesMax))) {
      yield { leafIndexes, events, nextLeafIndex: position - 1 };
      [leafIndexes, events, bytesInBatch] = [[], [], 0];
    }
    if (!wanted) continue;
    leafIndexes.push(position - 1);
    events.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    bytesInBatch += bytes.length;
  }
  yield { leafIndexes, events, nextLeafIndex: page.at(-1)!.position };

  function passes(entry: FieldText, position: number): boolean {
    const source = sourceOf(entry);
    return position > (skips ? (skipUntil[source] ?? 0) : 0) && (!stops || position <= (stopAfter![source] ?? 0)) && (filter?.passes(entry) ?? true);
  }
}
