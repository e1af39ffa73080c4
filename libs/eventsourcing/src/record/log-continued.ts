import { createHash } from 'node:crypto';
import { LogContinued } from '@tillid/contracts/audit/v1/events';
import { openCheckpoint, openNote, parseVkey, signNote, type Checkpoint, type NoteSigner, type NoteVerifier } from '@tillid/transparency';
import { decodeEnvelope } from '../event-codec.js';

/*
 * A log whose last signed tree cannot be made again is never signed on: another one, with a name and key of its own, continues it, and
 * says so in its first entry. The name alone tells which of audit's sources dates it, so that nobody can take a lost log's for it.
 */

export const logContinuedType = 'tillid.audit.v1.LogContinued';

const suffix = /\/continued-([1-9]\d{0,5})$/;

/** How many logs of the installation there were before the one with this origin. */
export function logsBefore(origin: string): number {
  return Number(suffix.exec(origin)?.[1] ?? 0);
}

/** Of audit's sources the one that dates this log and commits its heads; any other there is one that was closed. */
export function auditSourceOf(origin: string): string {
  return `audit/${logsBefore(origin)}`;
}

/** The name of the log that continues the one with this origin. */
export function continuedOrigin(origin: string): string {
  return `${installationOf(origin)}/continued-${logsBefore(origin) + 1}`;
}

/** The origin of the installation's first log. */
export function installationOf(origin: string): string {
  return origin.replace(suffix, '');
}

/** By the key of the log that was lost: event.proto, LogContinued. */
export function signSuccession(former: NoteSigner, vkey: string, formerCheckpoint: string): string {
  return signNote(successionText(vkey, formerCheckpoint), [former]);
}

function successionText(vkey: string, formerCheckpoint: string): string {
  return `tillid log continued/v1\n${vkey}\n${createHash('sha256').update(formerCheckpoint, 'utf8').digest('base64')}\n`;
}

/** What the first entry of a log says of the one before it. */
export interface Continuation {
  readonly event: LogContinued;
  readonly continuedAt: Date | undefined;
  /** Of this log. */
  readonly verifier: NoteVerifier;
  readonly formerVerifier: NoteVerifier;
  /** Signed by that log. */
  readonly formerCheckpoint: Checkpoint;
  /** Entries of it that stand here again. */
  readonly kept: number;
  /** The lost log's own key named this one. Without it there is only the operator's word. */
  readonly vouchedFor: boolean;
}

/** Undefined for an entry that is none, or does not hold together: names, keys, and a checkpoint that its log signed. */
export function continuationIn(entry: Uint8Array): Continuation | undefined {
  try {
    const { type, source, data, occurredAt } = decodeEnvelope(entry);
    if (type !== logContinuedType) return undefined;
    const event = LogContinued.decode(data);
    const [verifier, formerVerifier] = [parseVkey(event.vkey), parseVkey(event.formerVkey)];
    const ofThisLog = event.source === source && source === auditSourceOf(verifier.name) && continuedOrigin(formerVerifier.name) === verifier.name;
    if (!ofThisLog) return undefined;
    return { event, continuedAt: occurredAt, verifier, formerVerifier, formerCheckpoint: openCheckpoint(event.formerCheckpoint, formerVerifier), kept: event.kept.reduce((sum, { position }) => sum + position, 0), vouchedFor: isVouchedFor(event, formerVerifier) };
  } catch {
    // Whatever cannot be read names nothing.
    return undefined;
  }
}

function isVouchedFor({ succession, vkey, formerCheckpoint }: LogContinued, former: NoteVerifier): boolean {
  return succession !== '' && openNote(succession, [former]).text === successionText(vkey, formerCheckpoint);
}
