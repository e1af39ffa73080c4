import { checkTail, decodeEnvelope, hashOf, lostFingerprint, TailRefused, type CompareAndSetRecord, type EventStore, type StoredEvent } from '@tillid/eventsourcing';
import { parseBundle, readBundle, tileWidth, type LogFiles, type LogKeys } from '@tillid/transparency';
import { Refused } from '@tillid/kernel';
import { WillNotSign } from '../domain/audit.refusals.js';
import { decodeTreeHead } from '../integrate/tree-head.js';

export interface LedgerRecovery {
  readonly ledger: EventStore;
  /** The log's own files, newer than the ledger. */
  readonly files: LogFiles;
  /** The last signed tree head. */
  readonly record: CompareAndSetRecord;
  readonly keys: LogKeys;
}

/**
 * A ledger put back from a backup gets its lost tail from the entry bundles of the log: the same bytes in the same order, as far
 * as was signed. All of them are held against the chain beside the signed head before the first is appended. Answers how many.
 * A crash leaves a longer ledger, and the next start goes on from there. Throws WillNotSign when the signed tree does not come back.
 */
export async function recoverLedger({ ledger, files, record, keys }: LedgerRecovery): Promise<number> {
  const stored = await record.get();
  if (!stored) return 0;
  const { size, chain } = decodeTreeHead(stored.value, keys.all);
  const own = await ledger.head();
  if (own.position >= size) return 0;
  await checkTail(own, entriesOf(files, own.position, size), { position: size, chain }).catch(willNotSign);
  for await (const bundle of bundlesOf(files, own.position, size)) await appendAgain(ledger, bundle);
  return size - own.position;
}

function willNotSign(cause: unknown): never {
  if (cause instanceof TailRefused) throw new WillNotSign('log.ledger_differs', { cause });
  // Bundles that are not there, or not whole.
  if (cause instanceof Refused) throw new WillNotSign('log.ledger_shorter', { cause });
  throw cause;
}

async function* entriesOf(files: LogFiles, after: number, size: number): AsyncGenerator<StoredEvent> {
  for await (const bundle of bundlesOf(files, after, size)) yield* bundle;
}

/** Entries from after a position up to a size, a bundle at a time. Refused where one is missing, or not whole. */
export async function* bundlesOf(files: LogFiles, after: number, size: number): AsyncGenerator<readonly StoredEvent[]> {
  for (let first = after - (after % tileWidth); first < size; first += tileWidth) {
    const width = Math.min(tileWidth, size - first);
    const entries = parseBundle(await readBundle(files, first / tileWidth, width), width);
    yield entries.map((bytes, index) => ({ position: first + index + 1, bytes })).filter(({ position }) => position > after);
  }
}

/** A commit for each run of one source's events. */
export async function appendAgain(ledger: EventStore, entries: readonly Pick<StoredEvent, 'bytes'>[]): Promise<void> {
  const runs: { readonly source: string; readonly events: Uint8Array[] }[] = [];
  for (const { bytes } of entries) {
    const { source } = decodeEnvelope(bytes);
    const last = runs.at(-1);
    if (last?.source === source) last.events.push(bytes);
    else runs.push({ source, events: [bytes] });
  }
  const revisions = new Map<string, number>();
  for (const { source } of runs) if (!revisions.has(source)) revisions.set(source, await ledger.lastRevision(source));
  const appends = runs.map(({ source, events }) => {
    const expectedRevision = revisions.get(source)!;
    revisions.set(source, expectedRevision + events.length);
    return ledger.append({ commandId: hashOf('ledger-again', source, String(expectedRevision)).subarray(0, 16), fingerprint: lostFingerprint, writes: [{ stream: source, expectedRevision, events }] });
  });
  const refused = (await Promise.all(appends)).find(({ kind }) => kind !== 'appended');
  if (refused) throw new Error(`the ledger could not take back what its log has: ${refused.kind}`);
}
