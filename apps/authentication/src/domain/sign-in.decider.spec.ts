import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { fold } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import type { SignInEvent } from './authentication.events.js';
import { refusalsPerSignInMax, signIn, type SignInCommand } from './sign-in.decider.js';

const { LOW, SUBSTANTIAL, HIGH } = AssuranceLevel;
const signInId = 's';
const rightPassword = { type: 'AcceptPassword', signInId, agentId: 'portal', asked: SUBSTANTIAL, proof: HIGH, citizenOpen: true } as const;
const rightCode = { type: 'AcceptCode', signInId, proof: HIGH } as const;
const wrongPassword = { type: 'RefuseFactor', signInId, agentId: 'portal', factor: 'password' } as const;
const wrongCode = { ...wrongPassword, factor: 'code_card' } as const;
const abandon = { type: 'Abandon', signInId, reason: 'by_citizen' } as const;
const redeem = { type: 'Redeem', signInId, sessionId: 'session' } as const;

/** What happens when these are done one after the other; the last may be refused. */
function after(...commands: readonly SignInCommand[]): SignInEvent[] {
  const events: SignInEvent[] = [];
  for (const command of commands) events.push(...signIn.decide(command, fold(signIn, events)));
  return events;
}
const last = (...commands: readonly SignInCommand[]) => after(...commands).slice(after(...commands.slice(0, -1)).length);
const types = (events: readonly SignInEvent[]) => events.map(({ type }) => type);
const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe('a sign-in', () => {
  it('begins in the record with the first right password, and waits for the code', () => {
    expect(types(after(rightPassword))).toEqual(['SignInStarted', 'FactorAccepted']);
  });
  it('is done with the code, at a level no higher than the proof of identity', () => {
    expect(last(rightPassword, rightCode)[1]).toMatchObject({ type: 'SignInCompleted', level: SUBSTANTIAL });
    expect(last({ ...rightPassword, asked: LOW, proof: LOW })[2]).toMatchObject({ type: 'SignInCompleted', level: LOW });
    expect(fold(signIn, after({ ...rightPassword, asked: LOW })).level).toBe(LOW);
  });
  it('ends before a code is used up for nothing, when identity was proved too weakly', () => {
    expect(last({ ...rightPassword, proof: LOW }).at(-1)).toMatchObject({ type: 'SignInAbandoned', reason: 'level_not_reached' });
  });
  it('ends when the citizen is blocked, right password or not', () => {
    expect(last({ ...rightPassword, citizenOpen: false }).at(-1)).toMatchObject({ type: 'SignInAbandoned', reason: 'citizen_blocked' });
    expect(() => after({ ...rightPassword, citizenOpen: false }, rightCode)).toThrow(refused('sign_in.abandoned'));
  });
  it('counts a wrong password as its own beginning, and ends at the fifth', () => {
    expect(types(after(wrongPassword))).toEqual(['SignInStarted', 'FactorRefused']);
    expect(types(after(wrongPassword, wrongPassword))).toEqual(['SignInStarted', 'FactorRefused', 'FactorRefused']);
    const five = Array<SignInCommand>(refusalsPerSignInMax).fill(wrongPassword);
    expect(after(...five).at(-1)).toMatchObject({ type: 'SignInAbandoned', reason: 'too_many_refusals' });
    expect(() => after(...five, rightPassword)).toThrow(refused('sign_in.abandoned'));
  });
  it('takes the factors in order, each once', () => {
    expect(() => after(rightCode)).toThrow(refused('sign_in.out_of_order'));
    expect(() => after(wrongCode)).toThrow(refused('sign_in.out_of_order'));
    expect(() => after(rightPassword, rightPassword)).toThrow(refused('sign_in.out_of_order'));
    expect(() => after(rightPassword, wrongPassword)).toThrow(refused('sign_in.out_of_order'));
    expect(() => after(rightPassword, rightCode, rightCode)).toThrow(refused('sign_in.out_of_order'));
  });
});

describe('giving a sign-in up', () => {
  it('is recorded once there is something to end', () => expect(last(rightPassword, abandon)).toMatchObject([{ type: 'SignInAbandoned', reason: 'by_citizen' }]));
  it('leaves no record of one nobody answered', () => expect(after(abandon)).toEqual([]));
  it('changes nothing the second time', () => expect(last(rightPassword, abandon, abandon)).toEqual([]));
  it('is too late once it is done', () => expect(() => after(rightPassword, rightCode, abandon)).toThrow(refused('sign_in.completed')));
});

describe('redeeming', () => {
  it('happens once', () => {
    expect(last(rightPassword, rightCode, redeem)).toMatchObject([{ type: 'SignInRedeemed', sessionId: 'session' }]);
    expect(() => after(rightPassword, rightCode, redeem, redeem)).toThrow(refused('sign_in.redeemed'));
  });
  it('is refused before the code, and after giving up', () => {
    expect(() => after(redeem)).toThrow(refused('sign_in.not_completed'));
    expect(() => after(rightPassword, redeem)).toThrow(refused('sign_in.not_completed'));
    expect(() => after(rightPassword, abandon, redeem)).toThrow(refused('sign_in.abandoned'));
  });
});
