import { Schema } from 'mongoose';
import { nextChain, type Commit, type Head, type StoredCommit } from '@tillid/eventsourcing';

/** One commit as it is stored: events, concurrency check, reservations, idempotency and outbox, all in one insert. */
export interface CommitDocument {
  /** First position. A 64-bit integer in the database; a read gives a number. */
  readonly _id: bigint | number;
  /** Count of events. */
  readonly n: number;
  readonly e: readonly Uint8Array[];
  /** After the last event. */
  readonly chain: Uint8Array;
  /** `stream@revision`, one per event in the order of `e`. */
  readonly s: readonly string[];
  /** `value#generation` of what is reserved; absent when nothing is. */
  readonly u?: readonly string[];
  /** The same of what is released. */
  readonly r?: readonly string[];
  readonly c: Uint8Array;
  readonly f: Uint8Array;
}

/** By their names errors are told apart. */
export const commitIndexes = [
  { name: 's', key: { s: 1 }, unique: true },
  { name: 'u', key: { u: 1 }, unique: true, sparse: true },
  { name: 'r', key: { r: 1 }, unique: true, sparse: true },
  { name: 'c', key: { c: 1 }, unique: true },
] as const;

export function commitSchema(): Schema<CommitDocument> {
  // Left to itself mongoose fills an absent array with [], and an empty array is a value, even in a sparse index:
  // the second commit that reserves nothing would collide with the first.
  const keys = { type: [String], default: undefined };
  const fields = { _id: BigInt, n: Number, e: { type: [Buffer], default: undefined }, chain: Buffer, s: keys, u: keys, r: keys, c: Buffer, f: Buffer };
  return new Schema<CommitDocument>(fields as never, { versionKey: false, autoIndex: false, autoCreate: false });
}

const digits = 16;

export function revisionKey(stream: string, revision: number): string {
  return `${stream}@${String(revision).padStart(digits, '0')}`;
}

export function generationKey(value: string, generation: number): string {
  return `${value}#${String(generation).padStart(digits, '0')}`;
}

/** Either kind of key, taken apart. */
export function parseKey(key: string): { readonly name: string; readonly number: number } {
  return { name: key.slice(0, -digits - 1), number: Number(key.slice(-digits)) };
}

/** Made anew for every try: one that was sent may still arrive. */
export function commitDocument(commit: Commit, generations: readonly number[], before: Head): CommitDocument {
  let { chain } = before;
  const events = commit.writes.flatMap((write) => write.events);
  for (const event of events) chain = nextChain(chain, event);
  const reserved = (commit.reserve ?? []).map((value, index) => generationKey(value, generations[index]!));
  const released = (commit.release ?? []).map(({ value, generation }) => generationKey(value, generation));
  return {
    _id: BigInt(before.position + 1),
    n: events.length,
    e: events,
    chain,
    s: commit.writes.flatMap(({ stream, expectedRevision, events: written }) => written.map((_, index) => revisionKey(stream, expectedRevision + 1 + index))),
    ...(reserved.length > 0 && { u: reserved }),
    ...(released.length > 0 && { r: released }),
    c: commit.commandId,
    f: commit.fingerprint,
  };
}

export function headAfter(document: Pick<CommitDocument, '_id' | 'n' | 'chain'>): Head {
  return { position: Number(document._id) + document.n - 1, chain: document.chain };
}

export function storedCommit({ _id, n, u, c, f }: Omit<CommitDocument, 'e'>): StoredCommit {
  return { commandId: c, fingerprint: f, firstPosition: Number(_id), eventCount: n, generations: (u ?? []).map((key) => parseKey(key).number) };
}

/** MongoDB takes 16 MiB a document; the rest is room for what wraps it. */
export const maxDocumentBytes = 16 * 1024 * 1024 - 64 * 1024;
/** An array element: its type, its index as text, its length, its kind or end. */
const elementBytes = 16;
const fixedBytes = 256;

/** At most what a commit takes as a document: small events weigh less than the keys of their revisions. */
export function commitDocumentBytes(commit: Commit): number {
  let bytes = fixedBytes;
  for (const { stream, events } of commit.writes) {
    bytes += events.length * (Buffer.byteLength(stream) + 1 + digits + 2 * elementBytes);
    for (const event of events) bytes += event.length;
  }
  const values = [...(commit.reserve ?? []), ...(commit.release ?? []).map(({ value }) => value)];
  for (const value of values) bytes += Buffer.byteLength(value) + 1 + digits + elementBytes;
  return bytes;
}
