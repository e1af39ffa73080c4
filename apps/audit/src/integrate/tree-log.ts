import { announcedLogKey, decodeEnvelope, emptyChain, formatKeyChangeProof, nextChain, noTelemetry, traceParentsOf, type CompareAndSetRecord, type EventStore, type Telemetry } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import {
  checkpointPath, edgeRoot, emptyEdge, emptyRoot, growEdge, keyChangePath, loadEdge, parseCheckpoint, parseNote, parseVkey, proveInclusion, signCheckpoint, subtreeRootsFrom, tileWidth, type RightEdge,
} from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';
import type { TreeKeys } from '../log-keys/tree-keys.js';
import type { TileStore } from './tile-store.js';
import { decodeTreeHead, encodeTreeHead, type SignedKeyChange, type TreeHead } from './tree-head.js';

export interface TreeLogParts {
  readonly keys: TreeKeys;
  readonly ledger: EventStore;
  readonly folder: TileStore;
  readonly record: CompareAndSetRecord;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
  /** Called at named moments, so that a test can end the process there. */
  readonly at?: (moment: IntegrationMoment) => void;
}

/**
 * What a crash leaves. after_bundles, after_tiles: files nobody signed for; the same ones are written again.
 * after_record: a signed head whose file is older; start-up mends the file. after_checkpoint: partial files too many, and a change of key
 * without its proof; start-up writes it. after_key_change: the vkey published before; start-up replaces it.
 */
export type IntegrationMoment = 'after_bundles' | 'after_tiles' | 'after_record' | 'after_checkpoint' | 'after_key_change';

/** Leaves integrated for one checkpoint, at most: seconds of work would make a checkpoint late. */
const leavesPerCheckpoint = 16 * tileWidth;

/** So many taken in at once that more are sure to wait. */
export function isBacklog(taken: number): boolean {
  return taken > leavesPerCheckpoint - tileWidth;
}

/** The tree over the ledger, as far as it is signed. Only this signs. */
export class TreeLog {
  private constructor(
    private readonly parts: TreeLogParts,
    private current: { readonly head: TreeHead; readonly version: number; readonly edge: RightEdge },
  ) {}

  /**
   * Start-up, and recovery after any fault: from the record, never from memory. Throws WillNotSign when the ledger or
   * the files are not those of the tree that was signed.
   */
  static async open(parts: TreeLogParts): Promise<TreeLog> {
    const { record, folder, keys, ledger } = parts;
    await folder.recover();
    const stored = await record.get();
    if (stored === undefined) {
      // Someone may hold what this checkpoint says; without the record we could sign something else.
      if ((await folder.read(checkpointPath)) !== undefined) throw new WillNotSign('log.record_missing');
      const tree = new TreeLog(parts, { head: { size: 0, root: emptyRoot, chain: emptyChain, checkpoint: '', signedAtMs: 0 }, version: 0, edge: emptyEdge });
      await tree.publish({ edge: emptyEdge, chain: emptyChain, completed: [] });
      return tree;
    }
    const head = decodeTreeHead(stored.value, keys.verifiers);
    await requireSameLedger(ledger, head);
    if ((await folder.read(checkpointPath)) === undefined) await writeAgain(parts, head.size);
    const edge = await loadEdge(folder, head.size, head.root).catch((cause: unknown) => {
      throw new WillNotSign('log.edge_differs', { cause });
    });
    // A crash between record and file, or a file put back from a backup: the record is the truth.
    const file = await folder.read(checkpointPath);
    if (file === undefined || Buffer.from(file).toString('utf8') !== head.checkpoint) await folder.writeCheckpoint(head.checkpoint);
    for (const change of head.keyChanges ?? []) await writeKeyChange(parts, change, head.size);
    await keys.signed(head.size);
    return new TreeLog(parts, { head, version: stored.version, edge });
  }

  get head(): TreeHead {
    return this.current.head;
  }

  /** Takes the next leaves in and signs. Answers how many: 0 when the ledger has no more. After it threw, open again. */
  async integrate(): Promise<number> {
    const { ledger, telemetry = noTelemetry } = this.parts;
    const { edge } = this.current;
    const page = await ledger.readAll(edge.size, leavesPerCheckpoint - (edge.size % tileWidth));
    if (page.length === 0) return 0;
    const leaves = page.map(({ bytes }) => bytes);
    await telemetry.span('integrate', { events: leaves.length }, () => this.grow(leaves), () => traceParentsOf(leaves));
    return leaves.length;
  }

  private async grow(leaves: readonly Uint8Array[]): Promise<void> {
    const { ledger, folder, at = () => undefined } = this.parts;
    const { edge, head } = this.current;
    const growth = growEdge(edge, leaves);
    const chain = leaves.reduce<Uint8Array>((soFar, bytes) => nextChain(soFar, bytes), head.chain);
    await requireSameChain(ledger, growth.edge.size, chain);

    await folder.writeOnce(growth.bundles);
    at('after_bundles');
    await folder.writeOnce(growth.tiles);
    at('after_tiles');
    await this.publish({ edge: growth.edge, chain, completed: growth.completed });
  }

  private async publish({ edge, chain, completed }: { readonly edge: RightEdge; readonly chain: Uint8Array; readonly completed: readonly string[] }): Promise<void> {
    const { record, folder, keys, clock, at = () => undefined } = this.parts;
    const { version, head: before } = this.current;
    const root = edgeRoot(edge);
    const { signers, changedAt } = await keys.signersOf(edge.size, before.size);
    const checkpoint = signCheckpoint({ origin: signers.at(-1)!.name, size: edge.size, root }, signers);
    const changes = changedAt.map((leafIndex) => ({ leafIndex, checkpoint }));
    const head: TreeHead = { size: edge.size, root, chain, checkpoint, signedAtMs: clock.nowMs(), keyChanges: [...(before.keyChanges ?? []), ...changes] };
    // From here on the tree is signed, whatever becomes of us. Only one signer wins a version.
    if (!(await record.compareAndSet(version, encodeTreeHead(head)))) throw new WillNotSign('log.other_signer');
    this.current = { head, version: version + 1, edge };
    at('after_record');
    await folder.writeCheckpoint(checkpoint);
    at('after_checkpoint');
    // Before there is a tree that the old key did not sign.
    for (const change of changes) await writeKeyChange(this.parts, change, edge.size);
    if (changes.length > 0) at('after_key_change');
    await keys.signed(edge.size);
    await folder.removePartials(completed);
  }
}

/** The same file each time, from the record and the ledger; its hashes are in the tiles of any larger tree. */
async function writeKeyChange({ ledger, folder }: TreeLogParts, { leafIndex, checkpoint }: SignedKeyChange, treeSize: number): Promise<void> {
  const [entry] = await ledger.readAll(leafIndex, 1);
  const change = entry && announcedLogKey(decodeEnvelope(entry.bytes));
  if (!change) throw new WillNotSign('log.ledger_differs');
  const path = keyChangePath(parseVkey(change.vkey).keyId);
  if ((await folder.read(path)) !== undefined) return;
  const { size } = parseCheckpoint(parseNote(checkpoint).text);
  const proof = await proveInclusion(leafIndex, size, subtreeRootsFrom(folder, treeSize));
  await folder.writeOnce([{ path, bytes: Buffer.from(formatKeyChangeProof(entry.bytes, { index: leafIndex, path: proof, checkpoint }), 'utf8') }]);
}

/**
 * A folder that was lost: every file again, from the ledger. Whether they are those that were signed is for the edge to
 * say. The checkpoint comes last of all, so a crash here leaves a folder that is written again.
 */
async function writeAgain({ ledger, folder }: TreeLogParts, size: number): Promise<void> {
  for (let edge = emptyEdge; edge.size < size; ) {
    const page = await ledger.readAll(edge.size, Math.min(leavesPerCheckpoint, size - edge.size));
    if (page.length === 0) throw new WillNotSign('log.ledger_shorter');
    const growth = growEdge(edge, page.map(({ bytes }) => bytes));
    await folder.writeOnce([...growth.bundles, ...growth.tiles]);
    edge = growth.edge;
  }
}

/** A ledger put back from a backup is shorter than what was signed, or has gone on differently since. */
async function requireSameLedger(ledger: EventStore, head: TreeHead): Promise<void> {
  const ledgerHead = await ledger.head();
  if (ledgerHead.position < head.size) throw new WillNotSign('log.ledger_shorter');
  let { chain } = head;
  for (let position = head.size; position < ledgerHead.position; ) {
    const page = await ledger.readAll(position, Math.min(1000, ledgerHead.position - position));
    chain = page.reduce<Uint8Array>((soFar, { bytes }) => nextChain(soFar, bytes), chain);
    position += page.length;
    if (page.length === 0) throw new WillNotSign('log.ledger_shorter');
  }
  if (!Buffer.from(ledgerHead.chain).equals(chain)) throw new WillNotSign('log.ledger_differs');
}

async function requireSameChain(ledger: EventStore, size: number, chain: Uint8Array): Promise<void> {
  const head = await ledger.head();
  if (head.position < size) throw new WillNotSign('log.ledger_shorter');
  if (head.position === size && !Buffer.from(head.chain).equals(chain)) throw new WillNotSign('log.ledger_differs');
}
