import type { ReplayedEntry } from './replayed.js';

/** What a day came to, in words that do not depend on chance: ids are numbered as they first appear, times and bytes left out. */
export interface Story {
  /** By citizen: what was recorded about them, in order, per source. */
  readonly citizens: Readonly<Record<string, readonly string[]>>;
  /** By client: what was done for it. */
  readonly clients: Readonly<Record<string, readonly string[]>>;
  /** By stream: everything in it. A thing's state is a function of its stream, so equal streams are equal states. */
  readonly things: Readonly<Record<string, readonly string[]>>;
}

const sources = ['identity/0', 'authentication/0', 'consent/0', 'audit/0'];
/** Which line of a code card is asked for. */
const byLot = new Set(['number']);
/** When audit looked around is a matter of the clock, and how often an auditor did one of this test's. */
const notOfTheDay = new Set(['tillid.audit.v1.HeadsSeen', 'tillid.audit.v1.OwnLogHeads', 'tillid.audit.v1.LogReplayed', 'tillid.audit.v1.EntriesRead', 'tillid.event.v1.FeedRead']);

export function storyOf(entries: readonly ReplayedEntry[], run: string): Story {
  const names = new Map<string, string>();
  const told = (value: unknown): unknown => {
    if (typeof value === 'string') return plainText(value, run, names);
    if (Array.isArray(value)) return value.map(told);
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, byLot.has(name) ? '<lot>' : told(field)]));
    return typeof value === 'number' && value > 1e11 ? '<time>' : value;
  };
  const citizens: Record<string, string[]> = {};
  const clients: Record<string, string[]> = {};
  const things: Record<string, string[]> = {};
  for (const source of sources) {
    const own = entries.filter((entry) => entry.source === source && !notOfTheDay.has(entry.type)).toSorted((one, other) => one.position - other.position);
    for (const { type, outcome, subject, clientId, stream, payload } of own) {
      const what = `${type} ${outcome.result} ${outcome.reason ?? ''}`.trim();
      if (subject) (citizens[`${String(told(subject))} in ${source}`] ??= []).push(what);
      if (clientId) (clients[`${clientId} in ${source}`] ??= []).push(what);
      (things[`${source} ${String(told(stream))}`] ??= []).push(`${what} ${JSON.stringify(told(payload))}`);
    }
  }
  return { citizens, clients, things };
}

function plainText(text: string, run: string, names: Map<string, string>): string {
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return '<time>';
  const renamed = text.replaceAll(run, '<run>').replaceAll(/[a-z2-7]{26}/g, (id) => {
    if (!names.has(id)) names.set(id, `<${names.size + 1}>`);
    return names.get(id)!;
  });
  // What is left of such length is bytes: commitments, keys, salts.
  return renamed === text && /^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(text) && /[A-Z0-9+/_-]/.test(text) ? '<bytes>' : renamed;
}
