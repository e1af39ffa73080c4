import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSecrets, parseSecret, sourceKeysFrom, type Secrets, type SourceKey } from '@tillid/crypto';
import { auditSourceOf, continuationIn, continuedOrigin, logsBefore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import { sqliteStores } from '@tillid/service';
import { parseVkey } from '@tillid/transparency';
import { LogFolder } from '../integrate/log-folder.js';
import { logOriginIn } from '../integrate/log-origin.js';
import { heldKeys, logKeySecret } from '../log-keys/log-key-seeds.js';
import { keptEntries } from './kept-entries.js';
import { writeNewLog } from './new-log.js';
import { lookAtOldLog, type OldLog } from './old-log.js';
import { OpeningRefused } from './opening-refused.js';
import { isUnfinished, markReady, openingFolder, putInPlace } from './put-in-place.js';

export interface Opening {
  /** Audit's folder. Nobody else has it: audit does not run. */
  readonly data: string;
  /** The installation's. */
  readonly origin: string;
  /** The newest checkpoint that somebody else kept. */
  readonly lastCheckpoint?: string | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called at named moments, so that a test can end it there. */
  readonly at?: (moment: string) => void;
}

export interface Opened {
  readonly opened: string;
  readonly vkey: string;
  readonly former: string;
  /** Under the last checkpoint that was known of it. */
  readonly formerSize: number;
  readonly kept: number;
  readonly lostBecause: string;
  /** Where the old files are. */
  readonly oldFiles: string;
}

/**
 * An operator's act, and never anything else's: the last signed tree is lost, so another log, with a name and key of its own, goes on in
 * its place and names it in its first entry. Refused while that tree can be made again. The new log is whole before anything of the old
 * one is touched; run again after a crash it goes on, or begins anew while nobody has seen what it had begun. Throws OpeningRefused.
 */
export async function openOrigin(opening: Opening): Promise<Opened> {
  const { data, at = () => undefined } = opening;
  if (!isUnfinished(data)) {
    await rm(openingFolder(data), { recursive: true, force: true });
    await write(opening);
    at('written');
    await markReady(data, join('former', String(logsBefore(logOriginIn(opening)))));
    at('ready');
  }
  return report(data, await putInPlace(data, at));
}

async function write({ data, origin: installation, lastCheckpoint: given, clock, ids }: Opening): Promise<void> {
  const vkeyFile = join(data, 'log.vkey');
  if (!existsSync(vkeyFile)) throw new OpeningRefused('origin.no_log', `there is no ${vkeyFile}: no log was ever begun here`);
  const origin = logOriginIn({ data, origin: installation });
  const formerVkey = (await readFile(vkeyFile, 'utf8')).trim();
  const verifier = parseVkey(formerVkey);
  if (verifier.name !== origin) throw new OpeningRefused('origin.no_log', `the log in ${data} is ${verifier.name}, of another installation than ${installation}`);
  const secrets = fileSecrets(join(data, 'secrets'));
  const seeds = await secrets.read(logKeySecret);
  const formerSigner = seeds && heldKeys(origin, seeds).find(({ vkey }) => vkey === formerVkey)?.signer;
  const keys = await sourceKeysIn(secrets);
  const keyOf = (publicKey: Uint8Array) => keys.find((key) => key.publicKey.equals(publicKey));
  const stores = sqliteStores(data);
  const [ledger, events, record] = [await stores.eventStore('ledger'), await stores.eventStore('log'), await stores.record('tree-head')];
  try {
    const old: OldLog = { ledger, events, record, files: await LogFolder.open(join(data, 'log')), verifier, canSign: formerSigner !== undefined, given };
    const { last, lostBecause } = await lookAtOldLog(old);
    if (lostBecause === undefined) throw new OpeningRefused('origin.not_lost', `the tree of ${last.size} entries that ${origin} signed last can be made again: start audit, or put aside what it names (docs/operations.md)`);
    const kept = await keptEntries(old, last.size, auditSourceOf(origin), (publicKey) => keyOf(publicKey) !== undefined);
    await writeNewLog(openingFolder(data), { origin: continuedOrigin(origin), formerVkey, formerCheckpoint: last.note, formerSigner, kept, closingKey: kept.own && keyOf(kept.own.keys.at(-1)!), lostBecause, clock, ids });
  } finally {
    for (const store of [ledger, events, record]) await store.close();
  }
}

async function sourceKeysIn(secrets: Secrets): Promise<readonly SourceKey[]> {
  const content = await secrets.read('source.key');
  return content ? parseSecret('source.key', content, sourceKeysFrom) : [];
}

/** As the new log's first entry says it. */
async function report(data: string, oldFiles: string): Promise<Opened> {
  const ledger = await sqliteStores(data).eventStore('ledger');
  try {
    const [first] = await ledger.readAll(0, 1);
    const continuation = first && continuationIn(first.bytes);
    if (!continuation) throw new Error('the new log does not say what it continues');
    const { event, verifier, formerVerifier, formerCheckpoint, kept } = continuation;
    return { opened: verifier.name, vkey: event.vkey, former: formerVerifier.name, formerSize: formerCheckpoint.size, kept, lostBecause: event.lostBecause, oldFiles };
  } finally {
    await ledger.close();
  }
}
