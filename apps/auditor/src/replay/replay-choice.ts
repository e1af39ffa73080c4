import type { ReplayFilter } from '@tillid/contracts/audit/v1/service';
import { Result, type Event } from '@tillid/contracts/event/v1/event';
import type { AsOf } from '@tillid/eventsourcing';

/** Which entries are asked for. An entry passes that has one of the values of each kind that names any; no values: all. */
export interface ReplayChoice {
  readonly sources: readonly string[];
  /** Full names, as tillid.consent.v1.ShareAuthorized. */
  readonly types: readonly string[];
  readonly subjects: readonly string[];
  readonly clients: readonly string[];
  readonly outcomes: readonly OutcomeName[];
  /** After the first so many entries, or dated then or later. */
  readonly from?: AsOf | undefined;
  /** Of the first so many entries, or dated then or earlier. */
  readonly until?: AsOf | undefined;
}

export const outcomeResults = { ok: Result.OK, refused: Result.REFUSED, failed: Result.FAILED } as const;
export type OutcomeName = keyof typeof outcomeResults;

export const everything: ReplayChoice = { sources: [], types: [], subjects: [], clients: [], outcomes: [] };

export function passes({ sources, types, subjects, clients, outcomes }: ReplayChoice, { source, type, subject, clientId, outcome }: Event): boolean {
  return within(sources, source) && within(types, type) && within(subjects, subject) && within(clients, clientId) && (outcomes.length === 0 || outcomes.some((name) => outcomeResults[name] === outcome?.result));
}

function within(wanted: readonly string[], value: string): boolean {
  return wanted.length === 0 || wanted.includes(value);
}

export function hasFilter({ sources, types, subjects, clients, outcomes }: ReplayChoice): boolean {
  return [sources, types, subjects, clients, outcomes].some((values) => values.length > 0);
}

/** Leaves [first, end) are all that can be asked for, as far as that was said in entries. */
export function leafRange({ from, until }: ReplayChoice): { readonly first: number; readonly end: number } {
  return { first: from && 'leaves' in from ? from.leaves : 0, end: until && 'leaves' in until ? until.leaves : Infinity };
}

export function instantOf(asOf: AsOf | undefined): number | undefined {
  return asOf && 'instantMs' in asOf ? asOf.instantMs : undefined;
}

/** The same text for the same choice, whatever order or how often its values came in. */
export function canonicalChoice(choice: ReplayChoice): string {
  const { sources, types, subjects, clients, outcomes, from, until } = choice;
  const values = Object.entries({ sources, types, subjects, clients, outcomes }).map(([kind, named]) => [kind, [...new Set<string>(named)].sort()]);
  return JSON.stringify([...values, ['from', from ?? null], ['until', until ?? null]]);
}

/** The filter as the Replay rpc takes it; undefined for none. */
export function asReplayFilter(choice: ReplayChoice): ReplayFilter | undefined {
  if (!hasFilter(choice)) return undefined;
  const { sources, types, subjects, clients, outcomes } = choice;
  return { sources: [...sources], types: [...types], subjects: [...subjects], clientIds: [...clients], outcomes: outcomes.map((name) => outcomeResults[name]) };
}
