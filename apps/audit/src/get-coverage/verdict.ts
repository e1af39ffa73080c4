/** Why the record may be incomplete, each with what it means. Codes are stable: `may_be_incomplete` says them, runbooks name them. */
export const coverageReasons = {
  'source.never_heard': 'no signed head of the source was ever taken in: nothing is known of it',
  'source.silent': 'the source has not said for some seconds that it is idle: what it does now is not known',
  'source.gap': 'the source has signed more than was taken in, for some seconds now',
  'source.rewrote_past': 'the source signed another past than the one it had signed before',
  'source.lost_its_tail': 'the source signed later that it has less than it had',
  'source.parked': 'what the source sent cannot be taken in; parked_reason says why',
  'ledger.differs': "what was taken in of the source is not what the source's signed head says: audit's own store was changed",
  'log.checkpoint_old': 'entries have waited for some seconds to be signed',
  'lists.behind': 'the lists lack entries that were taken in',
} as const satisfies Record<string, string>;

/** `log.*` besides: why nothing is signed any more (apps/audit/README.md). */
export type CoverageReason = keyof typeof coverageReasons | `log.${string}`;

export interface SourceFacts {
  readonly source: string;
  readonly takenInPosition: number;
  /** How much of that stands under the signed tree. */
  readonly integratedPosition: number;
  /** What a verified head of the source covers. */
  readonly headPosition: number;
  /** Empty while it is taken in. */
  readonly parkedReason: string;
  /** Its newest verified head: when the source signed it, when audit heard it. */
  readonly heard?: { readonly signedAtMs: number; readonly heardAtMs: number } | undefined;
}

export interface RecordFacts {
  readonly nowMs: number;
  readonly sources: readonly SourceFacts[];
  /** 0: nothing was ever signed. */
  readonly checkpointAtMs: number;
  /** Why nothing is signed any more; empty while all is well. */
  readonly signingStopped: string;
  /** When the oldest entry that is not under the signed tree says it happened; undefined when there is none. */
  readonly oldestUnsignedMs?: number | undefined;
  readonly listsAreBehind: boolean;
}

export interface Verdict {
  /** Every event until then is in the record; undefined when that cannot be said. */
  readonly completeAsOfMs: number | undefined;
  /** Empty: complete. */
  readonly mayBeIncomplete: string;
}

export interface RecordVerdict extends Verdict {
  readonly sources: ReadonlyMap<string, Verdict>;
}

/** An idle source says so every second; one that has not for this long is silent. */
export const silentAfterMs = 5_000;
/** A batch is taken in within milliseconds of its head: one that is on its way is no gap. */
export const gapAfterMs = 2_000;
/** A second after an event it is signed; entries that waited this long say that something is wrong. */
export const unsignedAfterMs = 10_000;

/** A source's own signatures say that it is not the source we followed: the follower's reason, and what that means here. */
const parkedFor: Readonly<Record<string, CoverageReason>> = { 'source.chain_differs': 'source.rewrote_past', 'source.behind_us': 'source.lost_its_tail', 'ledger.differs': 'ledger.differs' };

/**
 * How complete the record is: until when, and why it may be incomplete since. "Nothing found" and "cannot know now" are
 * different answers, and this is what tells them apart.
 */
export function judgeCoverage(facts: RecordFacts): RecordVerdict {
  const unsigned = whyUnsigned(facts);
  const judged = facts.sources.map((source) => ({ ...source, reason: whyNotAll(source, facts.nowMs) }));
  const reasons = [
    ...judged.flatMap(({ source, reason }) => (reason === undefined ? [] : [`${reason}:${source}`])),
    ...(unsigned === undefined ? [] : [unsigned]),
    ...(facts.listsAreBehind ? ['lists.behind' satisfies CoverageReason] : []),
  ];
  const sources = new Map(judged.map(({ source, heard, reason, takenInPosition, integratedPosition }): [string, Verdict] => {
    const waits = takenInPosition > integratedPosition;
    return [source, { completeAsOfMs: heard?.signedAtMs, mayBeIncomplete: reason ?? (waits ? unsigned : undefined) ?? '' }];
  }));
  // Everything a verified head covers was taken in, so the record is whole until the head was signed. A list that is behind it is not.
  const oldest = Math.min(...facts.sources.map(({ heard }) => heard?.signedAtMs ?? -Infinity));
  return { completeAsOfMs: facts.listsAreBehind || !Number.isFinite(oldest) ? undefined : oldest, mayBeIncomplete: reasons.join(' '), sources };
}

/** The most telling reason: whoever is parked is not heard, and whoever is silent may have more. No head is noted as heard before all it covers is taken in. */
function whyNotAll({ parkedReason, heard, headPosition, takenInPosition }: SourceFacts, nowMs: number): CoverageReason | undefined {
  if (parkedReason !== '') return parkedFor[parkedReason] ?? 'source.parked';
  if (heard === undefined) return 'source.never_heard';
  if (headPosition > takenInPosition && nowMs - heard.heardAtMs > gapAfterMs) return 'source.gap';
  return nowMs - heard.heardAtMs > silentAfterMs ? 'source.silent' : undefined;
}

function whyUnsigned({ signingStopped, oldestUnsignedMs, checkpointAtMs, nowMs }: RecordFacts): CoverageReason | undefined {
  if (signingStopped !== '') return signingStopped as CoverageReason;
  if (oldestUnsignedMs === undefined) return undefined;
  // An old checkpoint is right while nothing waits. A source that dates ahead must not hide that its events wait.
  const waitsSinceMs = oldestUnsignedMs > nowMs ? checkpointAtMs : Math.max(oldestUnsignedMs, checkpointAtMs);
  return nowMs - waitsSinceMs > unsignedAfterMs ? 'log.checkpoint_old' : undefined;
}
