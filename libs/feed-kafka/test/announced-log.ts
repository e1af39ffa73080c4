import { randomBytes } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { ActorKind, type SignedHead } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, sourceKeyFrom } from '@tillid/crypto';
import { commonEvents, hashOf, sourceKeysStream, type EventStore } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';

export const source = 'consent/0';

interface LogOptions {
  readonly store?: EventStore;
  readonly key?: ReturnType<typeof newSourceKey>;
  readonly of?: string;
}

/** A service's log whose first event announces its key, and the signature its relay asks for. */
export async function announcedLog({ store = inMemoryEventStore(), key = newSourceKey(), of = source }: LogOptions = {}) {
  const traceParent = randomBytes(24);
  const announced = (stream: string) =>
    commonEvents.encode({ type: 'SourceKeyAnnounced', source: of, publicKey: key.publicKey, signature: Buffer.alloc(0) }, {
      id: randomBytes(16), salt: randomBytes(16), source: of, stream, revision: 1, occurredAt: new Date('2026-11-24T12:00:00Z'), subject: 'citizen-1',
      actor: { kind: ActorKind.SYSTEM, id: 'consent', onBehalfOf: '' }, clientId: '', correlationId: 'c', causationId: '', traceParent,
      authority: undefined, outcome: undefined, encrypted: Buffer.alloc(0), commandId: randomBytes(16), commitIndex: 0, commitSize: 1,
    });
  let streams = 0;
  /** So many commits of one event each. */
  const append = async (count = 1, make: (stream: string) => Uint8Array = announced) => {
    for (let added = 0; added < count; added++) {
      // Its first event is where every source announces its key.
      const stream = streams++ === 0 ? sourceKeysStream : `stream-${streams}`;
      await store.append({ commandId: hashOf('command', stream).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream, expectedRevision: 0, events: [make(stream)] }] });
    }
  };
  await append();
  const signHead = (position: number, chain: Uint8Array, timeMs: number): SignedHead => key.sign({ source: of, position, chain, timeMs });
  const everything = async () => {
    const events: string[] = [];
    for (;;) {
      const page = await store.readAll(events.length, 10_000);
      if (page.length === 0) return events;
      events.push(...page.map(({ bytes }) => Buffer.from(bytes).toString('hex')));
    }
  };
  return { source: of, store, key, traceParent, append, signHead, everything };
}

export function newSourceKey() {
  return sourceKeyFrom(newSourceKeyFile());
}

/** Waits for something to become so; a test's own time limit ends it. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await pauseFor(1);
}
