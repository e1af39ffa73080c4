import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { fileSecrets, systemIds } from '@tillid/crypto';
import { auditSourceOf, followSource, ledgerConsumer, ProgressBook, type SourceReader } from '@tillid/eventsourcing';
import { silentLogger } from '@tillid/runtime';
import { FeedController, SourceSigner, sqliteStores, type Call } from '@tillid/service';
import { openStores } from '../src/audit.stores.js';
import { loggedEvents } from '../src/domain/audit.events.js';
import { LogFolder } from '../src/integrate/log-folder.js';
import { logOriginIn } from '../src/integrate/log-origin.js';
import { TreeLog } from '../src/integrate/tree-log.js';
import { LogKeyRotation } from '../src/log-keys/rotate-log-key.js';
import { SigningKeys } from '../src/log-keys/signing-keys.js';
import { recover } from '../src/recover/recover.js';
import { Heads } from '../src/take-in/heads.js';
import { HeadsRecorder } from '../src/take-in/heads-recorder.js';
import type { SignedSource } from './signed-source.js';

export const installation = 'log.example/one';

/** One life of audit on a folder: its stores, keys, feeds and signed tree are its own, only the processes are left out. */
export async function auditInFolder(data: string, services: readonly SignedSource[], nowMs: () => number) {
  const clock = { nowMs };
  const origin = logOriginIn({ data, origin: installation });
  const source = auditSourceOf(origin);
  const secrets = fileSecrets(join(data, 'secrets'));
  const stores = await openStores(sqliteStores(data));
  const { events, ledger, treeHead, readModels, readings } = stores;
  const close = () => Promise.all([events, ledger, treeHead, readModels, readings].map((store) => store.close()));
  try {
    const keys = await SigningKeys.open({ origin, source, secrets, ids: systemIds, events, ledger, clock, vkeyFile: join(data, 'log.vkey') });
    await recover({ stores, source, verifier: keys.verifiers, data, alone: true, clock, logger: silentLogger });
    await keys.requirePublished();
    const tree = await TreeLog.open({ keys, ledger, folder: await LogFolder.open(join(data, 'log')), record: treeHead, clock });
    const book = new ProgressBook();
    const heads = new Heads(clock);
    const log = { store: events, codec: loggedEvents, source, clock, ids: systemIds };
    const recorder = new HeadsRecorder(log, heads, ledger);
    const rotation = new LogKeyRotation({ keys, secrets, log, signedTree: tree, overlapMs: 0, logger: silentLogger });
    const feed = new FeedController({ source, store: events, signer: await SourceSigner.open({ source, store: events, secrets, clock, ids: systemIds }), progress: book, clock });
    const own: SourceReader = { subscribe: (_, afterPosition, signal) => feed.subscribe({ source, afterPosition }, { signal } as Call) };
    const followers = [{ source, reader: own }, ...services.map((reader) => ({ source: reader.source, reader }))].map((each) => followSource({ ...each, consumer: ledgerConsumer(ledger, readModels), book, clock, retryPauseMs: 1, onHead: (head) => heads.heard(head) }));
    for (const follower of followers) follower.start();
    const settled = async () => {
      for (const [name, position] of [...services.map((each) => [each.source, each.length] as const), [source, (await events.head()).position] as const]) {
        if (!(await book.waitFor('ledger', name, position, AbortSignal.timeout(10_000)))) throw new Error(`${name} does not come in: ${JSON.stringify(book.list())}`);
        while ((heads.of(name)?.head.position ?? 0) < position) await pauseFor(1);
      }
      while (await tree.integrate());
    };
    return {
      origin,
      source,
      ledger,
      tree,
      recorder,
      /** All that has happened is in the signed tree, with what audit has seen by now. */
      async seesAll(): Promise<void> {
        await settled();
        await recorder.record();
        await settled();
      },
      /** The log's key names the next, which signs alone from then on. */
      async replacesKey(): Promise<void> {
        if (!(await rotation.renew(0)) || (await rotation.look()) !== 'announced') throw new Error('no key was announced');
        await settled();
        if ((await rotation.look()) !== 'destroyed') throw new Error('the old key is still there');
      },
      async stop(): Promise<void> {
        for (const follower of followers) await follower.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
