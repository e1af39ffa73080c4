import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, parseSecret, sourceKeyFrom, type Secrets, type SourceKey } from '@tillid/crypto';
import { announcedKey, commonEvents, hashOf, type EventStore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';

export interface SourceIdentity {
  readonly source: string;
  readonly store: EventStore;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * The key that signs this source's heads. Made and announced at first start, as the log's very first event, so that
 * whoever follows from the beginning knows it. A log whose first event names another key is not ours to sign: stop.
 */
export async function openSourceKey({ source, store, secrets, clock, ids }: SourceIdentity): Promise<SourceKey> {
  // A crash between the secret and the event leaves a key that nobody knows yet; the next start announces it.
  const key = parseSecret('source.key', await secrets.open('source.key', newSourceKeyFile), sourceKeyFrom);
  const [first] = await store.readAll(0, 1);
  if (!first) {
    const commandId = hashOf('source-key', source, key.publicKey).subarray(0, 16);
    const event = commonEvents.encode(
      { type: 'SourceKeyAnnounced', source, publicKey: key.publicKey },
      {
        id: ids.bytes(16),
        salt: ids.bytes(16),
        source,
        stream: 'source-keys',
        revision: 1,
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
    const outcome = await store.append({ commandId, fingerprint: hashOf('source-key', key.publicKey), writes: [{ stream: 'source-keys', expectedRevision: 0, events: [event] }] });
    if (outcome.kind !== 'appended') throw new Error(`the source's key could not be announced: ${outcome.kind}`);
    return key;
  }
  const announced = announcedKey(source, first.bytes);
  if (!announced?.equals(key.publicKey)) throw new Error(`the log of ${source} announces another key than the secret source.key`);
  return key;
}
