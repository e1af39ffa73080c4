import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@tillid/runtime';
import { restoredMark } from '@tillid/service';
import type { NoteVerifier } from '@tillid/transparency';
import type { AuditStores } from '../audit.stores.js';
import { WillNotSign } from '../domain/audit.refusals.js';
import { LogFolder } from '../integrate/log-folder.js';
import { recoverLedger } from './recover-ledger.js';
import { recoverOwnLog } from './recover-own-log.js';

export interface Recovery {
  readonly stores: Pick<AuditStores, 'events' | 'ledger' | 'treeHead'>;
  readonly verifier: NoteVerifier;
  /** The service's own folder. */
  readonly data: string;
  /** Whether the log's files lie in it and nobody else takes events in: with several replicas the database is one, and whole. */
  readonly alone: boolean;
  readonly logger: Logger;
}

/** Before anything is signed or taken in: the ledger from the log's own bundles, and audit's own log from the ledger. */
export async function recover({ stores: { events, ledger, treeHead }, verifier, data, alone, logger }: Recovery): Promise<void> {
  const mark = join(data, restoredMark);
  // Put back without its record, it would sign another tree than the one that others hold checkpoints of.
  if (existsSync(mark) && !(await treeHead.get())) throw new WillNotSign('log.record_missing');
  const entries = alone ? await recoverLedger({ ledger, files: await LogFolder.open(join(data, 'log')), record: treeHead, verifier }) : 0;
  const own = await recoverOwnLog(events, ledger);
  if (entries + own > 0) logger.warn({ entries, own }, 'put back from a backup: the ledger got its lost tail from its log, and audit its own from the ledger');
  await rm(mark, { force: true });
}
