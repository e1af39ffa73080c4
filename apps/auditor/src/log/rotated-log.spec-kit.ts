import { LogKeyAnnounced } from '@tillid/contracts/audit/v1/events';
import { formatKeyChangeProof, logKeyAnnouncedType } from '@tillid/eventsourcing';
import { checkpointPath, edgeRoot, InMemoryLog, keyChangePath, noteSigner, parseVkey, proveInclusion, signCheckpoint, signKeyChange, subtreeRootsFrom, vkeyOf, type LogFiles, type NoteVerifier } from '@tillid/transparency';
import { workingDay } from '../record.spec-kit.js';
import type { OpenedLog } from './open-log.js';

export const origin = 'tillid.example/record';
const seedOf = (number: number) => Buffer.alloc(32, 70 + number);
export const signer = (number: number) => noteSigner(origin, seedOf(number));
export const vkey = (number: number) => vkeyOf(origin, seedOf(number));
export const key = (number: number): NoteVerifier => parseVkey(vkey(number));

/** A day's log, signed by key 0; then whatever its operator does. */
export class RotatedLog implements LogFiles {
  readonly #log = new InMemoryLog(signer(0));
  readonly #day = workingDay();
  #more = 0;

  constructor() {
    this.#log.append(this.#day.leaves, true);
  }

  get files(): Map<string, Uint8Array> {
    return this.#log.files;
  }
  get size(): number {
    return this.#log.edge.size;
  }
  get checkpoint(): string {
    return Buffer.from(this.files.get(checkpointPath)!).toString();
  }
  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path);
  }

  openedBy(number: number): OpenedLog {
    return { where: 'a log', files: { read: (path) => this.read(path) }, key: key(number), close: () => undefined };
  }

  /** Goes on by so many entries, under these keys. */
  grows(count: number, ...by: readonly number[]): this {
    return this.appends(Array.from({ length: count }, () => this.#day.sources[0].write(`later-${(this.#more += 1)}`, 'tillid.spec.v1.SomethingHappened', Buffer.from('x'))), by);
  }

  announcement(from: number, to: number, signedBy = from): Buffer {
    const change = signKeyChange({ vkey: vkey(from), nextVkey: vkey(to), bothUntilMs: 0 }, signer(signedBy), signer(to));
    return this.#day.sources[2].write('log-keys', logKeyAnnouncedType, LogKeyAnnounced.encode({ ...change, signature: Buffer.from(change.signature), possession: Buffer.from(change.possession) }).finish());
  }

  /** As audit does it: the announcement is in the log, in a tree that both sign; and how that is proven, beside it. */
  async takesKey(from: number, to: number): Promise<this> {
    const entry = this.announcement(from, to);
    this.appends([entry], [from, to]);
    this.files.set(keyChangePath(key(from).keyId), Buffer.from(await this.proofOf(entry)));
    return this;
  }

  /** That the newest entry stands in the tree that is signed now. */
  async proofOf(entry: Uint8Array): Promise<string> {
    const index = this.size - 1;
    return formatKeyChangeProof(entry, { index, path: await proveInclusion(index, this.size, subtreeRootsFrom(this, this.size)), checkpoint: this.checkpoint });
  }

  appends(leaves: readonly Uint8Array[], by: readonly number[]): this {
    this.#log.append(leaves, true);
    return this.isSignedBy(...by);
  }

  /** The same tree. */
  isSignedBy(...by: readonly number[]): this {
    this.files.set(checkpointPath, Buffer.from(signCheckpoint({ origin, size: this.size, root: edgeRoot(this.#log.edge) }, by.map(signer))));
    return this;
  }
}
