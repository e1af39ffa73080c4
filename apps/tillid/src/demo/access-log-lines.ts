import type { AccessLogEntry } from '@tillid/contracts/audit/v1/service';
import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import { wordsFor } from './access-log-words.js';

const columns = ['leaf', 'when', 'who', 'what', 'why'] as const;

/** Who, what, when, why and where it stands: one line an event, newest first. */
export function accessLogLines(entries: readonly AccessLogEntry[]): string[] {
  const rows = entries.map(accessLogCells);
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]!.length)));
  return [[...columns], ...rows].map((row) => row.map((cell, index) => cell.padEnd(widths[index]!)).join('  ').trimEnd());
}

/** In the order of the columns. */
export function accessLogCells(entry: AccessLogEntry): string[] {
  return [String(entry.leafIndex), entry.occurredAt?.toISOString().replace('T', ' ').slice(0, 19) ?? '', who(entry), what(entry), why(entry)];
}

function who({ actor, clientName, clientId }: AccessLogEntry): string {
  const at = clientName || clientId;
  switch (actor?.kind) {
    case ActorKind.CITIZEN:
      return at ? `you, at ${at}` : 'you';
    case ActorKind.CITIZEN_AGENT:
    case ActorKind.RELYING_SERVICE:
      return at || actor.id;
    case ActorKind.SYSTEM:
    case ActorKind.SERVICE:
      return at ? `Tillid, for ${at}` : `Tillid (${actor.id || 'system'})`;
    case ActorKind.OFFICIAL:
    case ActorKind.OPERATOR:
    case ActorKind.EMPLOYEE:
    case ActorKind.AUDITOR:
      return actor.id;
    default:
      // Before a factor was right nobody knows who it was: a thief's guess looks like this.
      return at ? `someone, at ${at}` : 'someone';
  }
}

function what({ type, outcome, attributes }: AccessLogEntry): string {
  const named = attributes.map((attribute) => attribute.slice(attribute.lastIndexOf('/') + 1)).join(', ');
  const refused = outcome?.result === Result.REFUSED ? ` (refused: ${outcome.reason})` : '';
  return `${wordsFor(type).what}${named ? `: ${named}` : ''}${refused}`;
}

/** The purpose, then the basis: a legal basis by its article, a consent by its id. An event without either says why by what it is. */
function why({ type, authority }: AccessLogEntry): string {
  const short = (uri: string) => uri.slice(uri.lastIndexOf('#') + 1);
  const purpose = short(authority?.purpose ?? '');
  const basis = short(authority?.basis ?? '');
  const shown = basis.startsWith('A6-') ? `GDPR ${basis.slice(1).replace('-', '(').replace('-', ')(')})` : basis && `consent ${basis.slice(0, 8)}`;
  return [purpose, shown].filter(Boolean).join(', ') || wordsFor(type).why;
}
