import { ActorKind } from '@tillid/contracts/event/v1/event';
import { join } from 'node:path';
import { fileSecrets, newSourceKeyFile, openSecretKey, sourceKeyFrom, type SourceKey } from '@tillid/crypto';
import { auditSourceOf, signSuccession, sourceKeysStream, type EventStore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import { sqliteStores } from '@tillid/service';
import { vkeyOf, type NoteSigner } from '@tillid/transparency';
import { headsSeenStream, loggedEvents } from '../domain/audit.events.js';
import { EventSeries } from '../event-series/event-series.js';
import { LogFolder } from '../integrate/log-folder.js';
import { openSigningKey } from '../integrate/signing-key.js';
import { TreeLog } from '../integrate/tree-log.js';
import { oneKey } from '../log-keys/tree-keys.js';
import { appendAgain } from '../recover/recover-ledger.js';
import type { KeptEntries } from './kept-entries.js';

export interface NewLog {
  readonly origin: string;
  readonly formerVkey: string;
  readonly formerCheckpoint: string;
  /** Undefined: its key was lost as well. */
  readonly formerSigner: NoteSigner | undefined;
  readonly kept: KeptEntries;
  /** Of audit's source in the old log, for its last head. */
  readonly closingKey: SourceKey | undefined;
  readonly lostBecause: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A run of one source's entries is one commit, of 8 MiB at most. */
const entriesAtOnce = 1000;
const bytesAtOnce = 4 * 1024 * 1024;

/**
 * The whole of it in a folder of its own: keys, the first entry, then what was kept in its old order, then what audit had seen by then,
 * and a signed tree over all of that. Durable when it resolves; a crash leaves a folder that nobody has seen.
 */
export async function writeNewLog(folder: string, { origin, formerVkey, formerCheckpoint, formerSigner, kept, closingKey, lostBecause, clock, ids }: NewLog): Promise<void> {
  const secrets = fileSecrets(join(folder, 'secrets'));
  const seed = await openSecretKey(secrets, 'log-signing', ids);
  const { publicKey } = sourceKeyFrom(await secrets.open('source.key', newSourceKeyFile));
  const key = await openSigningKey(origin, seed, join(folder, 'log.vkey'));
  const vkey = vkeyOf(origin, seed);
  const source = auditSourceOf(origin);
  const stores = sqliteStores(folder);
  const [events, ledger, record] = [await stores.eventStore('log'), await stores.eventStore('ledger'), await stores.record('tree-head')];
  try {
    const log = { store: events, codec: loggedEvents, source, clock, ids };
    const succession = formerSigner ? signSuccession(formerSigner, vkey, formerCheckpoint) : '';
    const first = new EventSeries(log, sourceKeysStream, 'LogContinued');
    await first.append({ type: 'LogContinued', source, publicKey, vkey, formerVkey, formerCheckpoint, succession, kept: [...kept.sources], lostBecause }, 0, clock.nowMs(), { kind: ActorKind.OPERATOR, id: 'operator', onBehalfOf: '' });
    await appendAgain(ledger, [await onlyEvent(events, 0)]);
    let batch: { readonly bytes: Uint8Array }[] = [];
    let size = 0;
    for await (const bytes of kept.entries()) {
      batch.push({ bytes });
      size += bytes.length;
      if (batch.length < entriesAtOnce && size < bytesAtOnce) continue;
      await appendAgain(ledger, batch);
      [batch, size] = [[], 0];
    }
    await appendAgain(ledger, batch);
    const { own, lastSeen } = kept;
    const closing = own && closingKey?.sign({ source: own.source, position: own.position, chain: own.chain, timeMs: clock.nowMs() });
    const heads = [...(lastSeen?.heads ?? []).filter((head) => head.source !== closing?.source), ...(closing ? [closing] : [])].sort((one, other) => (one.source < other.source ? -1 : 1));
    if (heads.length > 0) {
      const timeMs = Math.max(clock.nowMs(), (lastSeen?.timeMs ?? 0) + 1);
      await new EventSeries(log, headsSeenStream, 'HeadsSeen').append({ type: 'HeadsSeen', timeMs, heads }, 0, timeMs);
      await appendAgain(ledger, [await onlyEvent(events, 1)]);
    }
    const tree = await TreeLog.open({ keys: oneKey(key), ledger, folder: await LogFolder.open(join(folder, 'log')), record, clock });
    while (await tree.integrate());
  } finally {
    for (const store of [events, ledger, record]) await store.close();
  }
}

async function onlyEvent(events: EventStore, after: number): Promise<{ readonly bytes: Uint8Array }> {
  const [event] = await events.readAll(after, 1);
  if (!event) throw new Error(`audit's new log did not take its event ${after + 1}`);
  return event;
}
