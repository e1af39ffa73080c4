import { continuationIn, type Continuation } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import {
  checkInclusion, checkpointPath, edgeRoot, emptyEdge, growEdgeByLeaves, hashBytes, isSameKey, leafHash, openCheckpoint, parseBundle, parseCheckpoint, parseNote, proveInclusion, readBundle, readTile, subtreeRootsFrom, tileWidth,
  type Checkpoint, type LogFiles, type NoteVerifier,
} from '@tillid/transparency';
import { followKeys } from '../log/follow-keys.js';

/** Where a log that continues another publishes its first entry, which names that one; the other entries are auditors' only. */
const continuedPath = 'continued';

export type ContinuedCode =
  /** This is another log than the one that was seen: it says that it continues that one. Never growth, however well it holds. */
  | 'log.continued'
  /** The checkpoint that was seen has more entries than the last one that the new log names: what came after that is denied. */
  | 'log.names_less'
  /** It names a tree of the size of the one that was seen, and another: the lost log had signed both. */
  | 'checkpoint.forked';

export interface Continued {
  readonly origin: string;
  readonly vkey: string;
  /** The log that was lost, and how many entries its last known checkpoint has; of those, how many stand in this log again. */
  readonly former: string;
  readonly formerSize: number;
  readonly kept: number;
  readonly lostBecause: string;
  /** The lost log's own key named this one; else there is only the operator's word. */
  readonly vouchedFor: boolean;
  /** Of the checkpoint that was seen before: its entries, and whether they stand in this log, all of them, in their order. */
  readonly seen?: { readonly size: number; readonly standsHere: boolean };
  readonly findings: readonly { readonly code: ContinuedCode; readonly detail: string }[];
  /** Signed notes. Keep them. */
  readonly evidence: readonly string[];
}

/** A log that is not the one of this key, or of the checkpoint seen before, and in its first entry names that one. Else undefined. */
export async function findContinuation(files: LogFiles, key: NoteVerifier, seenBefore: string | undefined): Promise<(Continued & { readonly verifier: NoteVerifier }) | undefined> {
  const note = Buffer.from((await files.read(checkpointPath)) ?? []).toString('utf8');
  const found = await refusedIsNone(() => provedContinuation(files, note));
  if (!found) return undefined;
  const { continuation, checkpoint, keys } = found;
  const { verifier, formerVerifier, formerCheckpoint, kept, vouchedFor, event } = continuation;
  const seen = seenBefore === undefined ? undefined : await refusedIsNone(async () => openCheckpoint(seenBefore, formerVerifier));
  const concernsUs = seenBefore === undefined ? isSameKey(key, formerVerifier) : seen !== undefined && (isSameKey(key, formerVerifier) || keys.some((each) => isSameKey(key, each)));
  if (!concernsUs) return undefined;
  const about = { origin: verifier.name, vkey: event.vkey, former: formerVerifier.name, formerSize: formerCheckpoint.size, kept, lostBecause: event.lostBecause, vouchedFor, verifier };
  const findings = [
    { code: 'log.continued', detail: `${verifier.name} is another log: its first entry says that it continues ${formerVerifier.name} (${vouchedFor ? "signed by that log's key" : "nobody says so but its operator: that log's key has not signed it"})` } as const,
    ...(seen ? contradictions(seen, formerCheckpoint) : []),
  ];
  return { ...about, ...(seen && { seen: { size: seen.size, standsHere: await standsIn(files, checkpoint, seen) } }), findings, evidence: [...(seenBefore === undefined ? [] : [seenBefore]), event.formerCheckpoint, event.succession, note].filter((text) => text !== '') };
}

/** The first entry, proved to be the first leaf of a tree that the key it names has signed, or one that this key named in its turn. */
async function provedContinuation(files: LogFiles, note: string): Promise<{ continuation: Continuation; checkpoint: Checkpoint; keys: readonly NoteVerifier[] } | undefined> {
  const { size } = parseCheckpoint(parseNote(note).text);
  const entry = await firstEntry(files, size);
  const continuation = entry && continuationIn(entry);
  if (!continuation) return undefined;
  const { keys } = await followKeys(files, continuation.verifier);
  const checkpoint = keys.open(note);
  checkInclusion(leafHash(entry), 0, checkpoint.size, checkpoint.root, await proveInclusion(0, checkpoint.size, subtreeRootsFrom(files, checkpoint.size)));
  return { continuation, checkpoint, keys: keys.all };
}

async function firstEntry(files: LogFiles, size: number): Promise<Uint8Array | undefined> {
  const published = files.list ? undefined : await files.read(continuedPath);
  if (published || !files.list) return published;
  const width = Math.min(size, tileWidth);
  return parseBundle(await readBundle(files, 0, width), width)[0];
}

function contradictions(seen: Checkpoint, named: Checkpoint): Continued['findings'] {
  if (seen.size > named.size) return [{ code: 'log.names_less', detail: `the checkpoint seen before has ${seen.size} entries, the last one it names ${named.size}: what that log signed in between is left out` }];
  if (seen.size === named.size && !seen.root.equals(named.root)) return [{ code: 'checkpoint.forked', detail: `${seen.size} entries were signed twice, and were not the same: the checkpoint seen before, and the one it names` }];
  return [];
}

/** What was kept stands behind the first entry in its old order: the same leaves make the same tree. */
async function standsIn(files: LogFiles, { size }: Checkpoint, seen: Checkpoint): Promise<boolean> {
  if (seen.size === 0) return true;
  if (seen.size + 1 > size) return false;
  let edge: Parameters<typeof edgeRoot>[0] = emptyEdge;
  for (let index = 0; edge.size < seen.size; index += 1) {
    const tile = await readTile(files, 0, index, Math.min(tileWidth, size - index * tileWidth));
    const [first, end] = [index === 0 ? 1 : 0, Math.min(tileWidth, seen.size + 1 - index * tileWidth)];
    edge = growEdgeByLeaves(edge, tile.subarray(first * hashBytes, end * hashBytes)).edge;
  }
  return edgeRoot(edge).equals(seen.root);
}

/** What is malformed, or not signed, proves nothing; a file that cannot be fetched is another matter, and is thrown. */
async function refusedIsNone<Result>(look: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
