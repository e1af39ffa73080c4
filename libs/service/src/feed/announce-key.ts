import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import { commonEvents, hashOf, sourceKeysStream, type AppendOutcome, type EventStore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';

export interface Announcement {
  readonly source: string;
  readonly publicKey: Buffer;
  /** By the key in force; empty for the first. */
  readonly signature: Buffer;
  /** Of the stream of announcements, as the announcer knows it. */
  readonly afterRevision: number;
}

/** One key, one command: whoever announces it, and however often, it stands in the log once. */
export function announceKey(log: { readonly store: EventStore; readonly clock: Clock; readonly ids: Ids }, { source, publicKey, signature, afterRevision }: Announcement): Promise<AppendOutcome> {
  const { store, clock, ids } = log;
  const commandId = hashOf('source-key', source, publicKey).subarray(0, 16);
  const event = commonEvents.encode(
    { type: 'SourceKeyAnnounced', source, publicKey, signature },
    {
      id: ids.bytes(16),
      salt: ids.bytes(16),
      source,
      stream: sourceKeysStream,
      revision: afterRevision + 1,
      occurredAt: new Date(clock.nowMs()),
      subject: '',
      actor: { kind: ActorKind.SYSTEM, id: source.split('/')[0]!, onBehalfOf: '' },
      clientId: '',
      correlationId: ids.newId(),
      causationId: '',
      traceParent: Buffer.alloc(0),
      authority: undefined,
      outcome: { result: Result.OK, reason: '' },
      encrypted: Buffer.alloc(0),
      commandId,
      commitIndex: 0,
      commitSize: 1,
    },
  );
  return store.append({ commandId, fingerprint: hashOf('source-key', publicKey), writes: [{ stream: sourceKeysStream, expectedRevision: afterRevision, events: [event] }] });
}
