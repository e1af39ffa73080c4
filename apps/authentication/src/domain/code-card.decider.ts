import { Refused } from '@tillid/kernel';
import type { Decider } from '@tillid/eventsourcing';
import type { CodeCardEvent } from './authentication.events.js';

/** At this many left the next card is made. */
export const codesLeftForNewCard = 20;

export interface UseCode {
  readonly type: 'UseCode';
  readonly cardId: string;
  readonly number: number;
  /** How many the card was issued with. */
  readonly codes: number;
}

export interface CodeCard {
  readonly used: readonly number[];
}

/** Stays inside: the caller sees a refused factor, the same as for a wrong code. */
export class CodeUsedBefore extends Refused {
  constructor() {
    super('sign_in.factor_refused', 'not_allowed');
  }
}

export const codeCard: Decider<UseCode, CodeCard, CodeCardEvent> = {
  initial: { used: [] },
  decide({ cardId, number, codes }, { used }) {
    if (used.includes(number)) throw new CodeUsedBefore();
    return [{ type: 'CodeUsed', cardId, number, remaining: codes - used.length - 1 }];
  },
  evolve({ used }, { number }) {
    return { used: [...used, number] };
  },
};
