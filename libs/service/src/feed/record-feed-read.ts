import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import { commonEvents, hashOf, timerContext } from '@tillid/eventsourcing';
import type { RefusalRecord } from '../record-refusal.js';

/**
 * FeedRead, once for each auditor and day: nobody can flood the log by reading it. Written past `handle`, as there is nothing to
 * decide: the revision says whether it stands there, and whichever replica is second finds it.
 */
export async function recordFeedRead({ store, source, clock, ids }: RefusalRecord, auditorId: string): Promise<void> {
  const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
  const stream = `feed-read-${auditorId}-${day}`;
  if ((await store.lastRevision(stream)) > 0) return;
  const { commandId, correlationId } = timerContext(stream, Date.parse(day));
  const event = commonEvents.encode(
    { type: 'FeedRead', auditorId, day },
    {
      id: ids.bytes(16),
      salt: ids.bytes(16),
      source,
      stream,
      revision: 1,
      occurredAt: new Date(clock.nowMs()),
      subject: '',
      actor: { kind: ActorKind.AUDITOR, id: auditorId, onBehalfOf: '' },
      clientId: '',
      correlationId,
      causationId: '',
      traceParent: Buffer.alloc(0),
      authority: undefined,
      outcome: { result: Result.OK, reason: '' },
      encrypted: Buffer.alloc(0),
      commandId: Buffer.from(commandId),
      commitIndex: 0,
      commitSize: 1,
    },
  );
  const outcome = await store.append({ commandId, fingerprint: hashOf(stream), writes: [{ stream, expectedRevision: 0, events: [event] }] });
  if (outcome.kind !== 'appended' && outcome.kind !== 'conflict') throw new Error(`the log answered ${outcome.kind}: a reading could not be recorded`);
}
