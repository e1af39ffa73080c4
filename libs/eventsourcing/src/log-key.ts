import { LogKeyAnnounced } from '@tillid/contracts/audit/v1/events';
import type { Event } from '@tillid/contracts/event/v1/event';
import { refusals } from '@tillid/kernel';
import { checkReceipt, formatReceipt, leafHash, openKeyChange, parseReceipt, type KeyChange, type KeyStep, type OpenedKeyChange, type Receipt } from '@tillid/transparency';
import { decodeEnvelope } from './event-codec.js';

/** What is shown as a change of the log's key is the proof of something else. */
const refuse = refusals({ 'key_change.not_announced': 'invalid' });

export const logKeyAnnouncedType = 'tillid.audit.v1.LogKeyAnnounced';
/** Audit's stream of them. */
export const logKeysStream = 'log-keys';

/** What audit announces of its log's keys in this event, right or wrong; undefined for any other event. Throws when it cannot be read. */
export function announcedLogKey({ type, source, data }: Pick<Event, 'type' | 'source' | 'data'>): KeyChange | undefined {
  if (type !== logKeyAnnouncedType || !source.startsWith('audit/')) return undefined;
  return LogKeyAnnounced.decode(data);
}

/** How a key of the log named the next, as it lies in the log for everyone: the tlog-proof of the announcement, with the entry itself beside it. */
export function formatKeyChangeProof(entry: Uint8Array, receipt: Omit<Receipt, 'extra'>): string {
  return formatReceipt({ ...receipt, extra: entry });
}

/**
 * The step from one key of a log to the next: the announcement bears both signatures, and stands in a tree that the first
 * key signed. Needs nobody: whoever trusts `key` may trust the next by this alone. Throws Refused. `known`: what the
 * key, or the next, must be; without it whichever the announcement says, for those who come from the other end.
 */
export function openKeyChangeProof(proof: Uint8Array | string, path: string, known: Partial<OpenedKeyChange> = {}): KeyStep {
  const receipt = parseReceipt(proof);
  const change = receipt.extra && announcedIn(receipt.extra);
  if (receipt.extra === undefined || change === undefined) throw refuse('key_change.not_announced');
  const opened = openKeyChange(change, known);
  const { index, checkpoint } = checkReceipt(receipt, leafHash(receipt.extra), opened.key);
  return { ...opened, vkey: change.vkey, nextVkey: change.nextVkey, bothUntilMs: change.bothUntilMs, leafIndex: index, checkpoint, note: receipt.checkpoint, path };
}

function announcedIn(entry: Uint8Array): KeyChange | undefined {
  try {
    return announcedLogKey(decodeEnvelope(entry));
  } catch {
    return undefined;
  }
}
