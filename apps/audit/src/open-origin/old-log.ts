import type { CompareAndSetRecord, EventStore } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { checkpointPath, edgeRoot, emptyEdge, emptyRoot, growEdgeByLeaves, leafHash, openCheckpoint, type LogFiles, type NoteVerifier } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';
import { decodeTreeHead } from '../integrate/tree-head.js';
import { bundlesOf } from '../recover/recover-ledger.js';
import { OpeningRefused } from './opening-refused.js';

/** What lies in audit's folder of the log that may be lost. */
export interface OldLog {
  readonly ledger: EventStore;
  /** Audit's own log. */
  readonly events: EventStore;
  readonly record: CompareAndSetRecord;
  readonly files: LogFiles;
  /** As it was published. */
  readonly verifier: NoteVerifier;
  /** Whether the key is still there. */
  readonly canSign: boolean;
  /** A checkpoint that somebody else kept. */
  readonly given: string | undefined;
}

export interface KnownTree {
  readonly note: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface Looked {
  /** The newest tree that is known to have been signed. */
  readonly last: KnownTree;
  /** Undefined: the tree can be made again, so nothing is lost. */
  readonly lostBecause: string | undefined;
}

const pageSize = 1000;
const hashesAtOnce = 1024;

/**
 * Tries: can the newest signed tree that anyone here knows of be made again, from the ledger with what the bundles have beyond it, or
 * from the bundles alone? Nothing is believed but entries that hash to its root. Changes nothing.
 */
export async function lookAtOldLog(old: OldLog): Promise<Looked> {
  const known: KnownTree[] = [];
  if (old.given !== undefined) known.push(treeOf(old.given, old.verifier));
  const file = await old.files.read(checkpointPath);
  if (file) known.push(...treesIn(() => treeOf(Buffer.from(file).toString('utf8'), old.verifier)));
  const stored = await old.record.get();
  const recorded = stored && treesIn(() => treeOf(decodeTreeHead(stored.value, old.verifier).checkpoint, old.verifier));
  known.push(...(recorded ?? []));
  const [last] = known.toSorted((one, other) => other.size - one.size);
  if (!last) throw new OpeningRefused('origin.no_checkpoint', 'nothing here says what was signed last: ask those who keep checkpoints, and name theirs with --last-checkpoint');
  return { last, lostBecause: await whyLost(old, recorded, last) };
}

/** Entries of the old log in its order, as far as they follow each other: its ledger, then what the bundles have beyond. */
export async function* entriesOf({ ledger, files }: Pick<OldLog, 'ledger' | 'files'>, size: number): AsyncGenerator<Uint8Array> {
  const { position: end } = await ledger.head();
  for (let position = 0; position < end; ) {
    const page = await ledger.readAll(position, Math.min(pageSize, end - position));
    if (page.length === 0) return;
    for (const { bytes } of page) yield bytes;
    position += page.length;
  }
  yield* inBundles(files, end, size);
}

async function* inBundles(files: LogFiles, after: number, size: number): AsyncGenerator<Uint8Array> {
  try {
    for await (const bundle of bundlesOf(files, after, size)) for (const { bytes } of bundle) yield bytes;
  } catch (error) {
    // The first one that is missing, or not whole, is where they end.
    if (!(error instanceof Refused)) throw error;
  }
}

async function whyLost(old: OldLog, recorded: readonly KnownTree[] | undefined, { size, root }: KnownTree): Promise<string | undefined> {
  if (!old.canSign) return 'log.key_lost';
  // Without the record nobody knows whether this tree is the newest there was.
  if (recorded === undefined) return 'log.record_missing';
  if (recorded.length === 0) return 'log.record_malformed';
  for (const entries of [() => entriesOf(old, size), () => inBundles(old.files, 0, size)]) if (Buffer.from(root).equals((await rootAt(entries(), size)) ?? Buffer.alloc(0))) return undefined;
  return (await old.ledger.head()).position < size ? 'log.ledger_shorter' : 'log.ledger_differs';
}

/** Undefined when there are fewer. */
async function rootAt(entries: AsyncIterable<Uint8Array>, size: number): Promise<Buffer | undefined> {
  if (size === 0) return emptyRoot;
  let edge: Parameters<typeof edgeRoot>[0] = emptyEdge;
  let hashes: Buffer[] = [];
  for await (const entry of entries) {
    hashes.push(leafHash(entry));
    const isLast = edge.size + hashes.length === size;
    if (hashes.length < hashesAtOnce && !isLast) continue;
    edge = growEdgeByLeaves(edge, Buffer.concat(hashes)).edge;
    hashes = [];
    if (isLast) return edgeRoot(edge);
  }
  return undefined;
}

function treeOf(note: string, verifier: NoteVerifier): KnownTree {
  try {
    const { size, root } = openCheckpoint(note, verifier);
    return { note, size, root };
  } catch (cause) {
    throw new OpeningRefused('origin.checkpoint_refused', `that is no checkpoint of ${verifier.name} under its key`, { cause });
  }
}

/** What cannot be read, or is not signed, is known of no tree. */
function treesIn(read: () => KnownTree): readonly KnownTree[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof WillNotSign || error instanceof OpeningRefused) return [];
    throw error;
  }
}
