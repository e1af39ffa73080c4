import { given } from '@tillid/eventsourcing';
import { describe, it } from 'vitest';
import { nationalNumberMatches, wrongNumbersADay } from './national-number-matches.decider.js';

const asked = (nowMs: number, matched = false) => ({ matchId: 'match', matched, nowMs });
const answered = (day: string, matched = false) => ({ type: 'NationalNumberMatched' as const, matchId: 'match', matched, day });
const evening = Date.parse('2026-11-24T23:00:00Z');
const wrongAllDay = Array.from({ length: wrongNumbersADay }, () => answered('2026-11-24'));
const givenAnswers = given(nationalNumberMatches);

describe('a relying service that asks whose number it has', () => {
  it('is answered on record, whichever way it goes', () => {
    givenAnswers().when(asked(evening, true)).then(answered('2026-11-24', true));
    givenAnswers().when(asked(evening)).then(answered('2026-11-24'));
  });
  it('is told no more after ten wrong numbers in a day, not even about the right one', () => {
    givenAnswers(...wrongAllDay.slice(1)).when(asked(evening)).then(answered('2026-11-24'));
    givenAnswers(...wrongAllDay).when(asked(evening)).thenRefused('identity.too_many_wrong_numbers');
    givenAnswers(...wrongAllDay).when(asked(evening, true)).thenRefused('identity.too_many_wrong_numbers');
  });
  it('may try again on the next day, and is never counted for being right', () => {
    givenAnswers(...wrongAllDay).when(asked(evening + 2 * 3_600_000)).then(answered('2026-11-25'));
    givenAnswers(...wrongAllDay.map(({ day }) => answered(day, true))).when(asked(evening)).then(answered('2026-11-24'));
  });
});
