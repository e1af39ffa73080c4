import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEnvelope } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import { restoredMark } from '@tillid/service';
import type { NoteVerifier } from '@tillid/transparency';
import type { AuditStores } from '../audit.stores.js';
import { WillNotSign } from '../domain/audit.refusals.js';
import { LogFolder } from '../integrate/log-folder.js';
import { adoptNewerCheckpoint } from './adopt-newer-checkpoint.js';
import { keysInFolder } from './keys-in-folder.js';
import { recoverLedger } from './recover-ledger.js';
import { recoverOwnLog } from './recover-own-log.js';

export interface Recovery {
  readonly stores: Pick<AuditStores, 'events' | 'ledger' | 'treeHead'>;
  /** Audit's own. */
  readonly source: string;
  /** Of the keys that we have. */
  readonly verifier: NoteVerifier | readonly NoteVerifier[];
  /** The service's own folder. */
  readonly data: string;
  /** Whether the log's files lie in it and nobody else takes events in: with several replicas the database is one, and whole. */
  readonly alone: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Before anything is signed or taken in: the ledger from the log's own bundles, and audit's own log from the ledger. */
export async function recover({ stores: { events, ledger, treeHead }, source, verifier, data, alone, clock, logger }: Recovery): Promise<void> {
  const mark = join(data, restoredMark);
  let entries = 0;
  // A backup from before another log was continued by this one: what it has of audit's acts stands in another source.
  const [first] = await events.readAll(0, 1);
  if (first && decodeEnvelope(first.bytes).source !== source) throw new WillNotSign('log.own_log_differs');
  if (alone) {
    // Nothing is taken in before an empty tree was signed.
    if ((await ledger.head()).position > 0 && !(await treeHead.get())) throw new WillNotSign('log.record_missing');
    const files = await LogFolder.open(join(data, 'log'));
    const log = { files, record: treeHead, keys: await keysInFolder(files, [verifier].flat()) };
    if (existsSync(mark)) await adoptNewerCheckpoint({ ...log, clock });
    entries = await recoverLedger({ ...log, ledger });
  }
  const own = await recoverOwnLog(events, ledger, source);
  if (entries + own > 0) logger.warn({ entries, own }, 'put back from a backup: the ledger got its lost tail from its log, and audit its own from the ledger');
  await rm(mark, { force: true });
}
