import type { Decider } from '@tillid/eventsourcing';
import type { NationalNumberMatchedEvent } from './identity.messages.js';
import { refuse } from './identity.refusals.js';
import { dayMs, utcDay } from './utc-day.js';

/** A birthday leaves some hundreds of numbers; whoever may only be wrong so often needs months to try them. */
export const wrongNumbersADay = 10;

export interface MatchNationalNumber {
  readonly matchId: string;
  readonly matched: boolean;
  readonly nowMs: number;
}

interface WrongNumbers {
  /** The last day with any. */
  readonly day: string;
  readonly count: number;
}

/** Stream national-number-matches-<pseudonym>: what one relying service asked about one citizen. */
export const nationalNumberMatches: Decider<MatchNationalNumber, WrongNumbers, NationalNumberMatchedEvent> = {
  initial: { day: '', count: 0 },
  decide({ matchId, matched, nowMs }, state) {
    const day = utcDay(nowMs);
    // A right one is refused as well: else the refusal would only be another way of saying no.
    if (state.day === day && state.count >= wrongNumbersADay) throw refuse('identity.too_many_wrong_numbers', { retryAfterMs: dayMs - (nowMs % dayMs) });
    return [{ type: 'NationalNumberMatched', matchId, matched, day }];
  },
  evolve(state, { matched, day }) {
    if (matched) return state;
    return { day, count: state.day === day ? state.count + 1 : 1 };
  },
};
