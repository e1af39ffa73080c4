import type { Event } from '@tillid/contracts/event/v1/event';
import { Refused } from '@tillid/kernel';
import { isSameKey, openKeyChange, parseNote, parseVkey, type KeyChange, type NoteVerifier } from '@tillid/transparency';
import { announcedLogKey } from '../log-key.js';
import type { LogKeyChange, RecordFindingCode } from './record-findings.js';

interface LogKeyFault {
  readonly code: RecordFindingCode;
  readonly message: string;
}

/**
 * The announcements of the log's own keys, in the order of the log: from whichever key comes first, each names the next once.
 * Which of them an auditor trusts is not asked here.
 */
export class LogKeysCheck {
  readonly changes: LogKeyChange[] = [];

  entry(event: Event, leafIndex: number): LogKeyFault | undefined {
    let change: KeyChange | undefined;
    try {
      change = announcedLogKey(event);
      if (change === undefined) return undefined;
      openKeyChange(change);
    } catch (error) {
      return { code: 'log_key.not_signed', message: error instanceof Refused ? error.code : 'its payload cannot be read' };
    }
    const { vkey, nextVkey, bothUntilMs } = change;
    // A log that continues another has what that one announced of its keys, too.
    const inForce = this.changes.findLast((before) => logOf(before.nextVkey) === logOf(vkey))?.nextVkey;
    if (this.changes.some((before) => before.vkey === vkey)) return { code: 'log_key.rival', message: `${vkey} had named another before` };
    if (inForce !== undefined && inForce !== vkey) return { code: 'log_key.not_in_force', message: `${vkey} signs it, and ${inForce} is in force` };
    // A key that comes back: whoever stole it meanwhile would be followed.
    if (this.changes.some((before) => before.vkey === nextVkey)) return { code: 'log_key.not_in_force', message: `${nextVkey} was replaced before` };
    this.changes.push({ leafIndex, vkey, nextVkey, bothUntilMs });
    return undefined;
  }
}

/**
 * What is wrong with the keys of a signed tree, going by the announcements among its entries: the key it is looked at with
 * is none of them, or the last one named did not sign it. Undefined when nothing is.
 */
export function logKeysFault(changes: readonly LogKeyChange[], trusted: NoteVerifier, checkpoint: string): string | undefined {
  const own = changes.filter(({ vkey }) => logOf(vkey) === trusted.name);
  const last = own.at(-1);
  if (last === undefined) return undefined;
  const all = [own[0]!.vkey, ...own.map(({ nextVkey }) => nextVkey)].map(parseVkey);
  if (!all.some((key) => isSameKey(key, trusted))) return 'the log announces keys, and this is none of them';
  const { text, signatures } = parseNote(checkpoint);
  const due = all.at(-1)!;
  const signed = signatures.some((each) => isSameKey(each, due) && due.verify(Buffer.from(text, 'utf8'), each.signature));
  return signed ? undefined : `${last.nextVkey} was named at leaf ${last.leafIndex}, and did not sign it`;
}

function logOf(vkey: string): string {
  return parseVkey(vkey).name;
}
