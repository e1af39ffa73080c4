import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { fold } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import type { SessionEvent } from './authentication.events.js';
import { client } from './client.decider.js';
import { codeCard } from './code-card.decider.js';
import { session } from './session.decider.js';
import { subject } from './subject.decider.js';

const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe('a code card', () => {
  const use = { type: 'UseCode', cardId: 'card', number: 123, codes: 148 } as const;
  it('has one less when a code is used', () => expect(codeCard.decide(use, codeCard.initial)).toEqual([{ type: 'CodeUsed', cardId: 'card', number: 123, remaining: 147 }]));
  it('takes a code once', () => expect(() => codeCard.decide(use, fold(codeCard, codeCard.decide(use, codeCard.initial)))).toThrow(refused('sign_in.factor_refused')));
});

describe('a client', () => {
  const register = { type: 'RegisterClient', clientId: 'fjordbanken', name: 'Fjordbanken', kind: 'relying_service', dataProvider: false } as const;
  it('is registered', () => expect(client.decide(register, client.initial)).toMatchObject([{ type: 'ClientRegistered', clientId: 'fjordbanken' }]));
  it('is registered once', () => expect(() => client.decide(register, fold(client, client.decide(register, undefined)))).toThrow(refused('client.taken')));
});

describe('a pseudonym', () => {
  const link = { type: 'LinkSubject', citizenId: 'karen', clientId: 'fjordbanken', pseudonym: 'p' } as const;
  it('is linked once, and quietly stays so', () => {
    const linked = subject.decide(link, subject.initial);
    expect(linked).toMatchObject([{ type: 'SubjectLinked', citizenId: 'karen', pseudonym: 'p' }]);
    expect(subject.decide(link, fold(subject, linked))).toEqual([]);
  });
});

describe('a session', () => {
  const start = { type: 'StartSession', sessionId: 's', signInId: 'i', level: AssuranceLevel.SUBSTANTIAL, expiresAtMs: 100 } as const;
  const end = { type: 'EndSession', sessionId: 's', reason: 'by_citizen', nowMs: 50 } as const;
  const started = session.decide(start, session.initial);
  const after = (...events: readonly SessionEvent[]) => fold(session, events);
  it('ends', () => expect(session.decide(end, after(...started))).toEqual([{ type: 'SessionEnded', sessionId: 's', reason: 'by_citizen' }]));
  it('ends once', () => expect(session.decide(end, after(...started, ...session.decide(end, after(...started))))).toEqual([]));
  it('needs no end when its time is up', () => expect(session.decide({ ...end, nowMs: 100 }, after(...started))).toEqual([]));
  it('that never was cannot end', () => expect(() => session.decide(end, session.initial)).toThrow(refused('session.unknown')));
});
