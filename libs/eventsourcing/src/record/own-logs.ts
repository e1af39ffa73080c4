import { createHash } from 'node:crypto';
import { SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import type { Event } from '@tillid/contracts/event/v1/event';
import { emptyChain, nextChainOver } from '../chain.js';

/*
 * Own logs: out of the one ledger, a log for each citizen, each relying service, and everyone together, with numbers
 * 1, 2, 3 ... and a chain of their own. So a line that is held back leaves a hole, and one that is slipped in breaks
 * the chain. A pure function of the ledger in its order, for audit to keep and for anyone with the entries to check.
 */

/** Whose log: "citizen/<id>", "client/<id>", "everyone". */
export type LogOwner = string;
export const citizenOwner = (citizenId: string): LogOwner => `citizen/${citizenId}`;
export const clientOwner = (clientId: string): LogOwner => `client/${clientId}`;
export const everyoneOwner: LogOwner = 'everyone';

/** Without a subject, and in everyone's log. */
export const concernEveryone: ReadonlySet<string> = new Set(['tillid.audit.v1.LogReplayed', 'tillid.audit.v1.EntriesRead', 'tillid.audit.v1.LogContinued', 'tillid.audit.v1.SourceReplayed', 'tillid.event.v1.FeedRead']);
export const ownLogHeadsType = 'tillid.audit.v1.OwnLogHeads';
const subjectLinkedType = 'tillid.authentication.v1.SubjectLinked';

/** c(0) is 32 zero bytes; c(n) = SHA-256(c(n-1) || leaf hash), as a source's own. */
export interface OwnLogHead {
  readonly number: number;
  readonly chain: Uint8Array;
}
export const noLines: OwnLogHead = { number: 0, chain: emptyChain };

export interface OwnLogLine extends OwnLogHead {
  readonly owner: LogOwner;
  /** Of the event the line is of. */
  readonly position: number;
  readonly leafHash: Uint8Array;
}

/** An event under a pseudonym that nobody has said yet whose it is: sources come in side by side. */
export interface UnownedEvent {
  readonly position: number;
  readonly leafHash: Uint8Array;
}

/** What stood before an entry of the ledger. */
export interface OwnLogsBefore {
  head(owner: LogOwner): OwnLogHead;
  citizenOf(pseudonym: string): string | undefined;
  unowned(pseudonym: string): readonly UnownedEvent[];
}

export interface OwnLogsStep {
  readonly lines: readonly OwnLogLine[];
  readonly link?: { readonly pseudonym: string; readonly citizenId: string };
  /** Waits for its link. */
  readonly unowned?: UnownedEvent & { readonly pseudonym: string };
}

/** What an entry of the ledger adds to whose log. */
export function ownLogsStep(entry: UnownedEvent & { readonly envelope: Pick<Event, 'type' | 'subject' | 'clientId' | 'data'> }, before: OwnLogsBefore): OwnLogsStep {
  const { envelope: { type, subject, clientId }, position, leafHash } = entry;
  const lines = new Lines(before);
  if (clientId !== '') lines.add(clientOwner(clientId), entry);
  if (concernEveryone.has(type)) lines.add(everyoneOwner, entry);
  else if (subject !== '' && clientId === '') lines.add(citizenOwner(subject), entry);
  else if (subject !== '') {
    const citizenId = before.citizenOf(subject);
    if (citizenId === undefined) return { lines: lines.all, unowned: { pseudonym: subject, position, leafHash } };
    lines.add(citizenOwner(citizenId), entry);
  }
  const link = linkIn(entry.envelope);
  if (link === undefined || before.citizenOf(link.pseudonym) !== undefined) return { lines: lines.all };
  // What came before its link gets its numbers now, in the order it came.
  for (const event of before.unowned(link.pseudonym)) lines.add(citizenOwner(link.citizenId), event);
  return { lines: lines.all, link };
}

/** Whose pseudonym it is, where an event says so. */
export function linkIn({ type, data }: Pick<Event, 'type' | 'data'>): { readonly pseudonym: string; readonly citizenId: string } | undefined {
  if (type !== subjectLinkedType) return undefined;
  const { pseudonym, citizenId } = SubjectLinked.decode(data);
  return { pseudonym, citizenId };
}

class Lines {
  readonly all: OwnLogLine[] = [];
  readonly #heads = new Map<LogOwner, OwnLogHead>();

  constructor(private readonly before: OwnLogsBefore) {}

  add(owner: LogOwner, { position, leafHash }: UnownedEvent): void {
    const { number, chain } = this.#heads.get(owner) ?? this.before.head(owner);
    const line = { owner, number: number + 1, chain: nextChainOver(chain, leafHash), position, leafHash };
    this.#heads.set(owner, line);
    this.all.push(line);
  }
}

/** Where an owner's head stands in the map of heads; the value is `ownLogMapValue`. */
export function ownLogMapKey(owner: LogOwner): Buffer {
  return createHash('sha256').update(`tillid own log\n${owner}`).digest();
}

/** number (8 bytes, big-endian) || chain. */
export function ownLogMapValue({ number, chain }: OwnLogHead): Buffer {
  const value = Buffer.alloc(8 + chain.length);
  value.writeBigUInt64BE(BigInt(number));
  value.set(chain, 8);
  return value;
}
