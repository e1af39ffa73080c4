import { Event, Result } from '@tillid/contracts/event/v1/event';
import { describe, expect, it } from 'vitest';
import { canonicalChoice, everything, passes, type ReplayChoice } from './replay-choice.js';

const event = Event.fromPartial({ source: 'consent/0', type: 't', subject: 's', clientId: 'bank', outcome: { result: Result.REFUSED } });
const choice = (part: Partial<ReplayChoice>): ReplayChoice => ({ ...everything, ...part });

describe('a choice of entries', () => {
  it('is everything when nothing is named', () => {
    expect(passes(everything, event)).toBe(true);
  });
  it('takes one of the values of each kind that names any', () => {
    expect(passes(choice({ clients: ['kommune', 'bank'], outcomes: ['ok', 'refused'] }), event)).toBe(true);
    for (const part of [{ sources: ['audit/0'] }, { types: ['u'] }, { subjects: ['other'] }, { clients: ['kommune'] }, { outcomes: ['ok'] as const }]) expect(passes(choice({ clients: ['bank'], ...part }), event)).toBe(false);
    expect(passes(choice({ outcomes: ['failed'] }), Event.fromPartial({}))).toBe(false);
  });
  it('has one text, in whatever order it was typed, and another for another choice', () => {
    expect(canonicalChoice(choice({ clients: ['a', 'b', 'a'] }))).toBe(canonicalChoice(choice({ clients: ['b', 'a'] })));
    const others = [everything, choice({ clients: ['a'] }), choice({ subjects: ['a'] }), choice({ clients: ['a,b'] }), choice({ clients: ['a', 'b'] }), choice({ from: { leaves: 1 } }), choice({ until: { leaves: 1 } }), choice({ until: { instantMs: 1 } })];
    expect(new Set(others.map(canonicalChoice)).size).toBe(others.length);
  });
});
