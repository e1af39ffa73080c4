import { Result } from '@tillid/contracts/event/v1/event';
import { commonEvents, hashOf, type EventStore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import { attributeNames, currentCorrelationId, currentTraceParent, instruments } from '@tillid/runtime';
import { actorOf } from './actor.js';
import type { BrokenRule } from './gate/refusal-log.js';

export interface RefusalRecord {
  readonly store: EventStore;
  readonly source: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

const maxTries = 5;

/**
 * CallRefused on the caller's own stream. Written past `handle`: there is nothing to decide, and the stream may hold
 * events of the service's own codec.
 */
export async function recordCallRefused({ store, source, clock, ids }: RefusalRecord, { caller, rpc, reason, count }: BrokenRule): Promise<void> {
  const stream = `caller-${caller.kind}-${caller.id}`;
  const commandId = ids.bytes(16);
  const fingerprint = hashOf('call-refused', commandId);
  const id = ids.bytes(16);
  const salt = ids.bytes(16);
  for (let attempt = 1; attempt <= maxTries; attempt++) {
    const revision = await store.lastRevision(stream);
    const event = commonEvents.encode(
      { type: 'CallRefused', rpc, reason, count },
      {
        id,
        salt,
        source,
        stream,
        revision: revision + 1,
        occurredAt: new Date(clock.nowMs()),
        subject: '',
        actor: { ...actorOf(caller), onBehalfOf: '' },
        clientId: caller.kind === 'relying_service' ? caller.id : '',
        correlationId: currentCorrelationId() ?? ids.newId(),
        causationId: '',
        traceParent: currentTraceParent() ?? Buffer.alloc(0),
        authority: undefined,
        outcome: { result: Result.REFUSED, reason },
        encrypted: Buffer.alloc(0),
        commandId,
        commitIndex: 0,
        commitSize: 1,
      },
    );
    const outcome = await store.append({ commandId, fingerprint, writes: [{ stream, expectedRevision: revision, events: [event] }] });
    if (outcome.kind === 'appended') {
      instruments().refusalsRecorded.add(count, { [attributeNames.refusal]: reason, [attributeNames.callerKind]: caller.kind });
      return;
    }
    if (outcome.kind !== 'conflict') throw new Error(`the log answered ${outcome.kind}`);
  }
  throw new Error('the log was too busy');
}
