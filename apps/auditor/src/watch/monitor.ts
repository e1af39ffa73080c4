import { randomInt } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { Refused } from '@tillid/kernel';
import { logKeysFault, RecordVerifier, type RecordFinding } from '@tillid/eventsourcing';
import {
  bundlePath, checkByPolicy, checkConsistency, checkInclusion, checkpointPath, edgeRoot, emptyEdge, growEdgeByLeaves, hashBytes, isSameKey, leafHash, loadLeafEdge, LogKeys, parseBundle, parseLogPath, parseNote,
  proveConsistency, proveInclusion, quorumMet, readBundle, readTile, subtreeRootsFrom, tilePath, tileWidth, type Checkpoint, type FindingCode, type KeyStep, type LeafEdge, type Policy,
} from '@tillid/transparency';
import { findContinuation, type ContinuedCode } from '../continued/continued.js';
import { followKeys } from '../log/follow-keys.js';
import type { OpenedLog } from '../log/open-log.js';
import { seenByWitness, type SeenByWitness } from './witness-checkpoint.js';

export interface MonitorOptions {
  /** Every entry too, from the first on: a source's chain begins there. */
  readonly entries: boolean;
  readonly previousCheckpoint?: string | undefined;
  /** Its witnesses are asked what they saw, and its quorum must have seen the log. */
  readonly policy?: Policy | undefined;
  /** A tree this old must have been seen by the quorum. */
  readonly patienceMs: number;
  /** The quorum's word for what is shown may be this old: the log has it renewed. */
  readonly staleAfterMs: number;
  /** Tiles seen before that each look reads again, in turn; with `entries` their bundles too. */
  readonly tilesAgain: number;
}

export interface Alarm {
  /** `withheld`: a witness has seen more than this monitor is shown. `not_cosigned`: the quorum has not seen what this monitor saw. `stale`: it has, long ago. */
  readonly code: FindingCode | 'checkpoint.withheld' | 'checkpoint.not_cosigned' | 'checkpoint.stale' | ContinuedCode | RecordFinding['code'];
  readonly where: string;
  readonly detail: string;
  /** The signed notes that do not fit together. Keep them: with the tiles they prove it to anyone. */
  readonly evidence?: readonly string[];
}

export interface Look {
  readonly holds: boolean;
  readonly alarms: readonly Alarm[];
  /** Absent when the checkpoint itself was refused. */
  readonly size?: number;
  readonly root?: Uint8Array;
  /** To be kept for the next look. */
  readonly checkpoint?: string;
  readonly newLeaves: number;
  readonly tilesChecked: number;
  readonly tilesCheckedAgain: number;
  readonly entriesChecked: number;
  readonly witnesses: readonly { readonly name: string; readonly size?: number; readonly silent?: string }[];
}

interface Seen {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly edge: LeafEdge | undefined;
}

/** A replica may be a moment behind another. */
const rereads = 5;
const rereadMs = 400;
const bundlesAtOnce = 8;

class Found extends Error {
  constructor(readonly alarm: Alarm) {
    super(alarm.code);
  }
}

/**
 * Follows a log: each look proves that the tree continues the one seen before, that every new tile is the one that
 * hashes to what is signed, and that every new entry is its leaf and as its source signed it. What it has seen moves on
 * only with looks that hold. Where the log's key has named another, that one must have signed, whoever still has the old.
 */
export class Monitor {
  #seen: Seen | undefined;
  #keys: LogKeys;
  /** Whether a signature under the log's name was by a key that is not known: there may be a new one. */
  #strange = true;
  /** Leaves whose entries were read, and the tree they make. */
  #read: LeafEdge = emptyEdge;
  readonly #record: RecordVerifier;
  /** A checkpoint of another key: of the log that this one continues, or of none that has to do with it. */
  #foreign: string | undefined;
  readonly #sizes: { readonly size: number; readonly atMs: number }[] = [];
  #tiles = 0;
  #again = 0;
  #entries = 0;
  /** Anywhere at first: a monitor that looks once is started again and again. */
  #nextAgain: number | undefined;

  private constructor(private readonly log: OpenedLog, private readonly options: MonitorOptions) {
    this.#keys = new LogKeys(log.key);
    this.#record = new RecordVerifier({ origin: log.key.name });
  }

  /** A state that another key of the log signed is looked up first; one that none of them did may be of the log that this one continues. */
  static async open(log: OpenedLog, options: MonitorOptions): Promise<Monitor> {
    const monitor = new Monitor(log, options);
    const { previousCheckpoint: note } = options;
    if (note === undefined) return monitor;
    if (!parseNote(note).signatures.some((signature) => isSameKey(signature, log.key))) monitor.#keys = (await followKeys(log.files, log.key, note)).keys;
    try {
      monitor.#seen = { checkpoint: monitor.#keys.openKept(note), note, edge: undefined };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      monitor.#foreign = note;
    }
    return monitor;
  }

  async look(): Promise<Look> {
    [this.#tiles, this.#again, this.#entries] = [0, 0, 0];
    const before = this.#seen?.checkpoint.size ?? 0;
    // Asked first, so that whatever they have seen the log must show by now.
    const witnesses = await Promise.all((this.options.policy?.witnesses ?? []).filter(({ url }) => url !== undefined).map((witness) => seenByWitness(witness, this.#keys.all)));
    const rows = witnesses.map(({ name, checkpoint, silent }) => ({ name, ...(checkpoint && { size: checkpoint.size }), ...(silent !== undefined && { silent }) }));
    const counted = () => ({ tilesChecked: this.#tiles, tilesCheckedAgain: this.#again, entriesChecked: this.#entries, witnesses: rows });
    try {
      if (this.#foreign !== undefined) throw new Found({ code: 'checkpoint.refused', where: checkpointPath, detail: 'the checkpoint seen before is not of this log' });
      if (this.#strange) await this.#follow();
      const { checkpoint, note } = await this.#latest(Math.max(before, ...witnesses.map((each) => each.checkpoint?.size ?? 0)));
      const edge = await this.#grown(checkpoint, note);
      await this.#lookAgain(checkpoint, Math.floor(before / tileWidth));
      if (this.options.entries) await this.#readEntries(checkpoint, note);
      for (const witness of witnesses) await this.#compare(checkpoint, note, witness);
      for (const step of this.#keys.steps) await this.#compareStep(checkpoint, note, step);
      if (this.options.policy) await this.#requireCosigned(this.options.policy, checkpoint, note);
      this.#seen = { checkpoint, note, edge };
      return { holds: true, alarms: [], size: checkpoint.size, root: checkpoint.root, checkpoint: this.#keys.kept(note), newLeaves: checkpoint.size - before, ...counted() };
    } catch (error) {
      if (!(error instanceof Found)) throw error;
      return { holds: false, alarms: error.alarm.code === 'checkpoint.refused' ? await this.#explained(error.alarm) : [error.alarm], newLeaves: 0, ...counted() };
    }
  }

  /** Another log in this one's place: it may say itself which. */
  async #explained(alarm: Alarm): Promise<readonly Alarm[]> {
    const seenBefore = this.#foreign ?? this.#seen?.note;
    const continued = await findContinuation(this.log.files, this.log.key, seenBefore);
    if (continued) return continued.findings.map(({ code, detail }) => ({ code, where: checkpointPath, detail, evidence: continued.evidence }));
    if (this.#foreign !== undefined) this.#keys.openKept(this.#foreign);
    return [alarm];
  }

  /** Of this size at least, unless the log goes on showing less. */
  async #latest(size: number): Promise<{ checkpoint: Checkpoint; note: string }> {
    for (let tries = 0; ; tries += 1) {
      const bytes = await this.log.files.read(checkpointPath);
      if (bytes === undefined) throw new Found({ code: 'checkpoint.missing', where: checkpointPath, detail: 'there is no checkpoint' });
      const note = Buffer.from(bytes).toString('utf8');
      const checkpoint = await this.#opened(bytes);
      if (checkpoint.size >= size || tries === rereads) return { checkpoint, note };
      await pauseFor(rereadMs);
    }
  }

  async #opened(bytes: Uint8Array): Promise<Checkpoint> {
    const open = () => asFound('checkpoint.refused', checkpointPath, () => {
      const checkpoint = this.#keys.open(bytes);
      this.#strange = parseNote(bytes).signatures.some(({ name, keyId }) => name === this.#keys.name && !this.#keys.all.some((key) => key.keyId === keyId));
      return checkpoint;
    });
    try {
      return open();
    } catch (error) {
      if (!(error instanceof Found)) throw error;
      // Its key may have been replaced since the last look.
      const { length } = this.#keys.steps;
      await this.#follow();
      if (this.#keys.steps.length === length) throw error;
      return open();
    }
  }

  /** From what is known already: a way that was gone is not gone anew. */
  async #follow(): Promise<void> {
    const { trusted, steps, all } = this.#keys;
    const { keys, findings: [finding] } = await followKeys(this.log.files, all.at(-1)!);
    if (finding) throw new Found({ code: finding.code, where: finding.path, detail: finding.detail });
    if (keys.steps.length > 0) this.#keys = new LogKeys(trusted, [...steps, ...keys.steps]);
  }

  /** The tree in which a key named the next is the beginning of what we are shown. */
  async #compareStep(checkpoint: Checkpoint, note: string, { checkpoint: theirs, note: theirNote, path }: KeyStep): Promise<void> {
    if (theirs.size > checkpoint.size) throw new Found({ code: 'checkpoint.shrunk', where: path, detail: `${theirs.size} leaves were signed when the key was replaced, now ${checkpoint.size}`, evidence: [theirNote, note] });
    await this.#requireContinued(checkpoint, theirs, new Found({ code: 'checkpoint.forked', where: path, detail: `the key was replaced in another tree of ${theirs.size} leaves`, evidence: [theirNote, note] }));
  }

  async #grown(checkpoint: Checkpoint, note: string): Promise<LeafEdge> {
    const seen = this.#seen;
    const evidence = seen ? { evidence: [seen.note, note] } : {};
    if (seen && checkpoint.size < seen.checkpoint.size) throw new Found({ code: 'checkpoint.shrunk', where: checkpointPath, detail: `${seen.checkpoint.size} leaves were signed before, now ${checkpoint.size}`, ...evidence });
    const forked = (detail: string) => new Found({ code: seen ? 'checkpoint.forked' : 'root.mismatch', where: checkpointPath, detail, ...evidence });
    if (seen?.checkpoint.size === checkpoint.size && !Buffer.from(seen.checkpoint.root).equals(checkpoint.root)) throw forked('two trees of one size were signed');
    let edge: LeafEdge = emptyEdge;
    if (seen) {
      edge = seen.edge ?? (await loadLeafEdge(this.log.files, seen.checkpoint.size, seen.checkpoint.root).catch((error: unknown) => {
        throw error instanceof Refused ? forked(`the tiles are no longer those of the tree of ${seen.checkpoint.size} (${error.code})`) : error;
      }));
    }
    edge = await this.#grow(edge, checkpoint.size);
    if (!edgeRoot(edge).equals(checkpoint.root)) throw forked(`the leaves after ${seen?.checkpoint.size ?? 0} do not make the tree that is signed`);
    return edge;
  }

  async #grow(from: LeafEdge, size: number): Promise<LeafEdge> {
    let edge = from;
    while (edge.size < size) {
      const first = Math.floor(edge.size / tileWidth);
      const last = Math.min(Math.ceil(size / tileWidth), first + bundlesAtOnce);
      const tiles = await Promise.all(Array.from({ length: last - first }, (_, at) => this.#tile(0, first + at, Math.min(tileWidth, size - (first + at) * tileWidth))));
      const grown = growEdgeByLeaves(edge, Buffer.concat(tiles).subarray((edge.size % tileWidth) * hashBytes));
      edge = grown.edge;
      for (const { path, bytes } of grown.tiles) {
        const place = parseLogPath(path);
        // Partial tiles of sizes on the way were never signed for.
        if (place?.kind !== 'tile' || place.level === 0 || (place.width < tileWidth && edge.size < size)) continue;
        const served = await this.#tile(place.level, place.index, place.width);
        if (!Buffer.from(bytes).equals(served)) throw new Found({ code: 'tile.mismatch', where: path, detail: 'it and the tiles under it do not agree' });
      }
    }
    return edge;
  }

  async #tile(level: number, index: number, width: number): Promise<Uint8Array> {
    this.#tiles += 1;
    return asFoundLater(tilePath(level, index, width), () => readTile(this.log.files, level, index, width));
  }

  /** What was there before must still be there for who comes later: the next few full tiles, each by the way up to the signed root. */
  async #lookAgain({ size, root }: Checkpoint, fullTiles: number): Promise<void> {
    for (; this.#again < Math.min(this.options.tilesAgain, fullTiles); this.#again += 1) {
      const index = (this.#nextAgain ?? randomInt(fullTiles)) % fullTiles;
      const path = tilePath(0, index);
      const hashes = await asFoundLater(path, () => readTile(this.log.files, 0, index, tileWidth));
      const proof = await asFoundLater(path, () => proveInclusion(index * tileWidth, size, subtreeRootsFrom(this.log.files, size)));
      asFound('tile.mismatch', path, () => checkInclusion(hashes.subarray(0, hashBytes), index * tileWidth, size, root, proof));
      if (this.options.entries) {
        const entries = await asFoundLater(bundlePath(index), async () => parseBundle(await readBundle(this.log.files, index, tileWidth), tileWidth), 'bundle');
        const changed = entries.findIndex((entry, place) => !leafHash(entry).equals(hashes.subarray(place * hashBytes, (place + 1) * hashBytes)));
        if (changed >= 0) throw new Found({ code: 'entry.mismatch', where: `${bundlePath(index)}, leaf ${index * tileWidth + changed}`, detail: 'is not what it was' });
      }
      this.#nextAgain = index + 1;
    }
  }

  /** A bundle at a time, so that a look that breaks off goes on where it was; all that was read is under the root in the end. */
  async #readEntries(checkpoint: Checkpoint, note: string): Promise<void> {
    while (this.#read.size < checkpoint.size) {
      const index = Math.floor(this.#read.size / tileWidth);
      const width = Math.min(tileWidth, checkpoint.size - index * tileWidth);
      const path = bundlePath(index, width);
      const entries = await asFoundLater(path, async () => parseBundle(await readBundle(this.log.files, index, width), width), 'bundle');
      const tile = await this.#tile(0, index, width);
      const fresh = entries.slice(this.#read.size % tileWidth);
      const leaves = fresh.map(leafHash);
      leaves.forEach((leaf, place) => {
        const leafIndex = this.#read.size + place;
        const at = (leafIndex % tileWidth) * hashBytes;
        if (!leaf.equals(tile.subarray(at, at + hashBytes))) throw new Found({ code: 'entry.mismatch', where: `${path}, leaf ${leafIndex}`, detail: 'does not hash to its leaf' });
      });
      for (const entry of fresh) this.#record.entry(entry);
      this.#read = growEdgeByLeaves(this.#read, Buffer.concat(leaves)).edge;
      this.#entries += fresh.length;
    }
    if (!edgeRoot(this.#read).equals(checkpoint.root)) throw new Found({ code: 'entry.mismatch', where: checkpointPath, detail: 'the entries do not make the tree that is signed' });
    const { findings: [finding], logKeys } = this.#record.summary();
    if (finding) throw new Found({ code: finding.code, where: `${finding.source}@${finding.position}, leaf ${finding.leafIndex}`, detail: finding.message });
    const fault = logKeysFault(logKeys, this.log.key, note);
    if (fault !== undefined) throw new Found({ code: 'key.not_in_force', where: checkpointPath, detail: fault, evidence: [note] });
  }

  /** What a witness saw must be the beginning of what we are shown. */
  async #compare(checkpoint: Checkpoint, note: string, { name, checkpoint: theirs, note: theirNote, fork }: SeenByWitness): Promise<void> {
    if (theirs === undefined || theirNote === undefined) return;
    const evidence = [theirNote, note];
    if (fork) throw new Found({ code: 'checkpoint.forked', where: checkpointPath, detail: `witness ${name} was shown two trees of one size`, evidence: fork });
    if (theirs.size > checkpoint.size) throw new Found({ code: 'checkpoint.withheld', where: checkpointPath, detail: `witness ${name} has seen ${theirs.size} leaves, this monitor is shown ${checkpoint.size}`, evidence });
    await this.#requireContinued(checkpoint, theirs, new Found({ code: 'checkpoint.forked', where: checkpointPath, detail: `witness ${name} was shown another tree of ${theirs.size} leaves`, evidence }));
  }

  async #requireContinued(checkpoint: Checkpoint, earlier: Checkpoint, otherwise: Found): Promise<void> {
    try {
      const proof = await proveConsistency(earlier.size, checkpoint.size, subtreeRootsFrom(this.log.files, checkpoint.size));
      checkConsistency(earlier.size, earlier.root, checkpoint.size, checkpoint.root, proof);
    } catch (error) {
      throw error instanceof Refused ? otherwise : error;
    }
  }

  /** The quorum has seen all that this monitor saw a while ago. Said for a tree that holds in all else. */
  async #requireCosigned(policy: Policy, checkpoint: Checkpoint, note: string): Promise<void> {
    const bytes = (await this.log.files.read('cosigned-checkpoint')) ?? Buffer.from(note);
    const accepted = { ...policy, logs: this.#keys.all.map((key) => ({ key, url: undefined })) };
    const verdict = asFound('checkpoint.refused', 'cosigned-checkpoint', () => checkByPolicy(bytes, accepted));
    const cosignedSize = verdict.quorum ? verdict.checkpoint.size : 0;
    const nowMs = Date.now();
    this.#sizes.push({ size: checkpoint.size, atMs: nowMs });
    while (this.#sizes.length > 1 && nowMs - this.#sizes[1]!.atMs >= this.options.patienceMs) this.#sizes.shift();
    const due = nowMs - this.#sizes[0]!.atMs >= this.options.patienceMs ? this.#sizes[0]!.size : 0;
    if (checkpoint.size > 0 && (!verdict.quorum || cosignedSize < due)) {
      throw new Found({ code: 'checkpoint.not_cosigned', where: checkpointPath, detail: verdict.quorum ? `the quorum has seen ${cosignedSize} leaves, and this monitor ${due} a while ago` : `seen by ${verdict.cosigned.length} of ${policy.witnesses.length} witnesses: no quorum` });
    }
    const fresh = verdict.cosigned.filter(({ seconds }) => nowMs - seconds * 1000 <= this.options.staleAfterMs);
    if (checkpoint.size > 0 && !quorumMet(policy, fresh.map(({ witness }) => witness))) {
      throw new Found({ code: 'checkpoint.stale', where: checkpointPath, detail: `the quorum saw this last at ${new Date(Math.max(...verdict.cosigned.map(({ seconds }) => Math.min(seconds, 8.64e12))) * 1000).toISOString()}: newer may be withheld from this monitor` });
    }
    await this.#compare(checkpoint, note, { name: 'quorum', checkpoint: verdict.checkpoint.size > checkpoint.size ? undefined : verdict.checkpoint, note: Buffer.from(bytes).toString('utf8') });
  }
}

function asFound<Result>(code: Alarm['code'], where: string, look: () => Result): Result {
  try {
    return look();
  } catch (error) {
    throw error instanceof Refused ? new Found({ code, where, detail: error.code }) : error;
  }
}

async function asFoundLater<Result>(where: string, look: () => Promise<Result>, kind: 'tile' | 'bundle' = 'tile'): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const missing = error.code === 'tile.missing';
    throw new Found({ code: kind === 'bundle' ? (missing ? 'bundle.missing' : 'bundle.malformed') : missing ? 'tile.missing' : 'tile.wrong_length', where, detail: error.code });
  }
}
