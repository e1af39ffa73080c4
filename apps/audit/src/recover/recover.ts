import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import { restoredMark } from '@tillid/service';
import type { NoteVerifier } from '@tillid/transparency';
import type { AuditStores } from '../audit.stores.js';
import { LogFolder } from '../integrate/log-folder.js';
import { adoptNewerCheckpoint } from './adopt-newer-checkpoint.js';
import { keysInFolder } from './keys-in-folder.js';
import { recoverLedger } from './recover-ledger.js';
import { recoverOwnLog } from './recover-own-log.js';

export interface Recovery {
  readonly stores: Pick<AuditStores, 'events' | 'ledger' | 'treeHead'>;
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
export async function recover({ stores: { events, ledger, treeHead }, verifier, data, alone, clock, logger }: Recovery): Promise<void> {
  const mark = join(data, restoredMark);
  let entries = 0;
  if (alone) {
    const files = await LogFolder.open(join(data, 'log'));
    const log = { files, record: treeHead, keys: await keysInFolder(files, [verifier].flat()) };
    if (existsSync(mark)) await adoptNewerCheckpoint({ ...log, clock });
    entries = await recoverLedger({ ...log, ledger });
  }
  const own = await recoverOwnLog(events, ledger);
  if (entries + own > 0) logger.warn({ entries, own }, 'put back from a backup: the ledger got its lost tail from its log, and audit its own from the ledger');
  await rm(mark, { force: true });
}
