import { emptyChain, nextChain, type CompareAndSetRecord } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import { checkpointPath, verifyLog, type LogFiles, type LogKeys } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';
import { decodeTreeHead, encodeTreeHead } from '../integrate/tree-head.js';

export interface NewerCheckpoint {
  readonly files: LogFiles;
  readonly record: CompareAndSetRecord;
  readonly keys: LogKeys;
  readonly clock: Clock;
}

/**
 * After a restore the record may be an older copy than the log's files are: then what this log has signed last is its own
 * checkpoint there, and the record would begin another tree. It counts once every hash and entry below it was checked, and that
 * it continues the tree of the record. Answers the size that is on record now. In an ordinary start the record is the truth.
 */
export async function adoptNewerCheckpoint({ files, record, keys, clock }: NewerCheckpoint): Promise<number> {
  const stored = await record.get();
  // Without a record nobody knows whether these files are the newest there were.
  if (!stored) throw new WillNotSign('log.record_missing');
  const known = decodeTreeHead(stored.value, keys.all);
  const file = await files.read(checkpointPath);
  const { size, root } = file ? keys.open(file) : known;
  if (!file || size <= known.size) return known.size;
  let chain: Uint8Array = emptyChain;
  let chainOfRecord = chain;
  const { holds, findings, checkpoint } = await verifyLog(files, keys, { entries: true, previousCheckpoint: known.checkpoint }, (entry, leafIndex) => {
    chain = nextChain(chain, entry);
    if (leafIndex + 1 === known.size) chainOfRecord = chain;
  });
  if (!holds || checkpoint === undefined) throw new WillNotSign('log.edge_differs', { cause: new Error(JSON.stringify(findings[0])) });
  if (Buffer.compare(chainOfRecord, known.chain) !== 0) throw new WillNotSign('log.ledger_differs');
  const keyChanges = keys.steps.map(({ leafIndex, note }) => ({ leafIndex, checkpoint: note }));
  if (!(await record.compareAndSet(stored.version, encodeTreeHead({ size, root, chain, checkpoint, signedAtMs: clock.nowMs(), keyChanges })))) throw new WillNotSign('log.other_signer');
  return size;
}
