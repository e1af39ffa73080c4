import { randomBytes, randomUUID } from 'node:crypto';
import { ActorKind } from '../../libs/contracts/dist/tillid/event/v1/event.js';
import { newSourceKeyFile, sourceKeyFrom } from '../../libs/crypto/dist/index.js';
import { chained, commonEvents, sourceKeysStream, startingPoint } from '../../libs/eventsourcing/dist/index.js';
import { sqliteEventStore } from '../../libs/store-sqlite/dist/index.js';
import { appendReads } from '../ingest/backlog.mjs';

const source = 'identity/0';

/** A service's log on SQLite: its key announced, then so many officials' reads. `announced` is where a consumer stands after the first event. */
export async function logOf(path, events, encryptedBytes) {
  const store = await sqliteEventStore({ path });
  const key = sourceKeyFrom(newSourceKeyFile());
  await store.append({ commandId: randomBytes(16), fingerprint: randomBytes(32), writes: [{ stream: sourceKeysStream, expectedRevision: 0, events: [announcementOf(key)] }] });
  const [first] = chained(startingPoint, (await store.readAll(0, 1)).map(({ bytes }) => bytes));
  const { bytesPerEvent } = await appendReads(store, Array.from({ length: 100 }, () => randomUUID()), events, encryptedBytes);
  return {
    source, store, events, bytesPerEvent,
    announced: { ...startingPoint, position: 1, chain: first.chain, key: key.publicKey },
    signHead: (position, chain, timeMs) => key.sign({ source, position, chain, timeMs }),
  };
}

function announcementOf({ publicKey }) {
  return commonEvents.encode({ type: 'SourceKeyAnnounced', source, publicKey, signature: Buffer.alloc(0) }, {
    id: randomBytes(16), salt: randomBytes(16), source, stream: sourceKeysStream, revision: 1, occurredAt: new Date(), subject: '',
    actor: { kind: ActorKind.SYSTEM, id: 'identity', onBehalfOf: '' }, clientId: '', correlationId: randomUUID(), causationId: '', traceParent: Buffer.alloc(0),
    authority: undefined, outcome: undefined, encrypted: Buffer.alloc(0), commandId: randomBytes(16), commitIndex: 0, commitSize: 1,
  });
}
