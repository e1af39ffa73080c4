import { randomUUID } from 'node:crypto';
import { fileSecrets, systemIds } from '../../libs/crypto/dist/index.js';
import { chained, startingPoint } from '../../libs/eventsourcing/dist/index.js';
import { systemClock } from '../../libs/runtime/dist/index.js';
import { SourceSigner } from '../../libs/service/dist/feed/source-signer.js';
import { sqliteEventStore } from '../../libs/store-sqlite/dist/index.js';
import { appendReads } from '../ingest/backlog.mjs';

const source = 'identity/0';

/** A service's log on SQLite: its key announced, then so many officials' reads. `announced` is where a consumer stands after the first event. */
export async function logOf(path, events, encryptedBytes) {
  const store = await sqliteEventStore({ path });
  const signer = await SourceSigner.open({ source, store, secrets: fileSecrets(`${path}-secrets`), clock: systemClock, ids: systemIds });
  const [first] = chained(startingPoint, (await store.readAll(0, 1)).map(({ bytes }) => bytes));
  const { bytesPerEvent } = await appendReads(store, Array.from({ length: 100 }, () => randomUUID()), events, { encryptedBytes });
  return {
    source, store, events, bytesPerEvent,
    announced: { ...startingPoint, position: 1, chain: first.chain, key: await signer.publicKeyAt(1) },
    signHead: (position, chain, timeMs) => signer.sign(position, chain, timeMs),
  };
}
