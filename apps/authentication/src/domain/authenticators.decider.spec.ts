import { fold } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import type { AuthenticatorsEvent } from './authentication.events.js';
import { type ActivateKey, activationOpen, authenticators, type AuthenticatorsCommand } from './authenticators.decider.js';

const citizenId = 'karen';
const userIdHmac = Buffer.from('aa', 'hex');
const letter: AuthenticatorsEvent = { type: 'ActivationCodeIssued', citizenId, activationId: 'letter-1', verifierId: 'verifier-1', expiresAtMs: 1000 };
const wrongCode: AuthenticatorsEvent = { type: 'ActivationRefused', citizenId, activationId: 'letter-1' };
const activated: AuthenticatorsEvent[] = [
  { type: 'KeyActivated', citizenId, activationId: 'letter-1', userIdHmac, userIdHeld: false },
  { type: 'PasswordSet', citizenId, passwordId: 'password-1' },
  { type: 'CodeCardIssued', citizenId, cardId: 'card-1', codesId: 'codes-1', codes: 148 },
];
const nextCard: AuthenticatorsEvent = { type: 'CodeCardIssued', citizenId, cardId: 'card-2', codesId: 'codes-2', codes: 148 };
const collectedFirst: AuthenticatorsEvent = { type: 'CodeCardCollected', citizenId, cardId: 'card-1' };
const collectedNext: AuthenticatorsEvent[] = [
  { type: 'CodeCardCollected', citizenId, cardId: 'card-2' },
  { type: 'CodeCardReplaced', citizenId, cardId: 'card-1' },
];
const blocked: AuthenticatorsEvent = { type: 'KeyBlocked', citizenId, reason: 'reported_stolen' };
const activate: ActivateKey = {
  type: 'ActivateKey',
  citizenId,
  activationId: 'letter-1',
  userIdHmac,
  passwordId: 'password-9',
  card: { cardId: 'card-9', codesId: 'codes-9', codes: 148 },
  nowMs: 999,
};

const after = (...events: readonly AuthenticatorsEvent[]) => fold(authenticators, events);
const decide = (command: AuthenticatorsCommand, ...events: readonly AuthenticatorsEvent[]) => authenticators.decide(command, after(...events));
const types = (events: readonly AuthenticatorsEvent[]) => events.map(({ type }) => type);
const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe('a citizen with an activation letter', () => {
  it('gets a key, a password and a card at once', () => {
    expect(types(decide(activate, letter))).toEqual(['KeyActivated', 'PasswordSet', 'CodeCardIssued']);
  });
  it('has 14 days, to the millisecond', () => {
    expect(activationOpen(after(letter), 'letter-1', 999)).toBe(true);
    expect(() => decide({ ...activate, nowMs: 1000 }, letter)).toThrow(refused('activation.refused'));
  });
  it('loses the letter after five wrong codes', () => {
    expect(types(decide(activate, letter, wrongCode, wrongCode, wrongCode, wrongCode))).toContain('KeyActivated');
    expect(() => decide(activate, letter, ...Array<AuthenticatorsEvent>(5).fill(wrongCode))).toThrow(refused('activation.refused'));
    expect(decide({ type: 'RefuseActivation', citizenId, activationId: 'letter-1', nowMs: 1 }, letter, ...Array<AuthenticatorsEvent>(5).fill(wrongCode))).toEqual([]);
  });
  it('cannot use it twice, nor after a newer one came', () => {
    expect(() => decide(activate, letter, ...activated)).toThrow(refused('activation.refused'));
    expect(() => decide(activate, letter, { ...letter, activationId: 'letter-2' })).toThrow(refused('activation.refused'));
  });
  it('may keep the user id after a lost password, and the old card ends', () => {
    const again = decide({ ...activate, activationId: 'letter-2' }, letter, ...activated, { ...letter, activationId: 'letter-2' });
    expect(types(again)).toEqual(['KeyActivated', 'PasswordSet', 'CodeCardReplaced', 'CodeCardIssued']);
    expect(again[0]).toMatchObject({ userIdHeld: true });
  });
  it('may not use a letter that was on its way when the key was blocked', () => {
    const onItsWay = { ...letter, activationId: 'letter-2' } as const;
    expect(() => decide({ ...activate, activationId: 'letter-2' }, letter, ...activated, onItsWay, blocked)).toThrow(refused('activation.refused'));
  });
});

describe('a citizen who changes password', () => {
  const change = { type: 'ChangePassword', citizenId, passwordId: 'password-2', replaces: 'password-1' } as const;
  it('has the new one', () => expect(after(letter, ...activated, ...decide(change, letter, ...activated)).passwordId).toBe('password-2'));
  it('is refused when another change came between', () =>
    expect(() => decide(change, letter, ...activated, { type: 'PasswordSet', citizenId, passwordId: 'password-3' })).toThrow(refused('password.wrong')));
  it('is refused with a blocked key', () => expect(() => decide(change, letter, ...activated, blocked)).toThrow(refused('password.wrong')));
});

describe('a card that runs out', () => {
  const issue = { type: 'IssueCodeCard', citizenId, follows: 'card-1', card: { cardId: 'card-2', codesId: 'codes-2', codes: 148 } } as const;
  const collect = { type: 'CollectCodeCard', citizenId } as const;
  it('is followed by one, and only one', () => {
    expect(types(decide(issue, letter, ...activated))).toEqual(['CodeCardIssued']);
    expect(decide(issue, letter, ...activated, nextCard)).toEqual([]);
    expect(decide(issue, letter, ...activated, nextCard, ...collectedNext)).toEqual([]);
  });
  it('is not followed once the key is blocked', () => expect(decide(issue, letter, ...activated, blocked)).toEqual([]));
  it('stays in use until the next is collected', () => {
    expect(after(letter, ...activated, nextCard).cardInUse?.cardId).toBe('card-1');
    expect(after(letter, ...activated, nextCard, ...decide(collect, letter, ...activated, nextCard)).cardInUse).toMatchObject({ cardId: 'card-2', collected: true });
  });
  it('can be collected again once if it was never collected', () => {
    expect(types(decide(collect, letter, ...activated))).toEqual(['CodeCardCollected']);
    expect(() => decide(collect, letter, ...activated, collectedFirst)).toThrow(refused('code_card.none_waiting'));
  });
});

describe('a blocked key', () => {
  const block = { type: 'BlockKey', citizenId, reason: 'own_wish' } as const;
  it('has nothing left to sign in with', () => {
    const state = after(letter, ...activated, ...decide(block, letter, ...activated));
    expect(state).toMatchObject({ status: 'blocked' });
    expect([state.passwordId, state.cardInUse, state.activation]).toEqual([undefined, undefined, undefined]);
  });
  it('cannot be blocked again, nor one that never was active', () => {
    expect(() => decide(block, letter, ...activated, blocked)).toThrow(refused('key.not_active'));
    expect(() => decide(block, letter)).toThrow(refused('key.not_active'));
  });
  it('opens with a new letter', () => {
    const second = { ...letter, activationId: 'letter-2' } as const;
    expect(types(decide({ ...activate, activationId: 'letter-2' }, letter, ...activated, blocked, second))).toContain('KeyActivated');
  });
});
