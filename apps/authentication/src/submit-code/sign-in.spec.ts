import { AuthenticationServiceService as rpcs } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticationTown, type AuthenticationTown, bank, hospital, key, keyOf, otherAgent, type Person, portal, wrongKey } from '../../test/authentication-town.js';

let town: AuthenticationTown;
let karen: Person;
let jens: Person;
beforeAll(async () => {
  town = await authenticationTown();
  karen = await town.person('karen.hansen');
  jens = await town.person('jens-jensen');
});
afterAll(() => town.close());

describe('a citizen who signs in at the bank', () => {
  it('shows password and code, and the bank alone gets a token for a pseudonym', async () => {
    const done = await town.signedIn(karen);
    expect(done.subject).not.toBe(karen.citizenId);
    expect(decodeJwt(done.token)).toMatchObject({ aud: 'fjordbanken', sub: done.subject, sid: done.sessionId, iss: 'town.test', acr: 'https://data.gov.dk/concept/core/nsis/Substantial' });
    expect(await town.active(done.token)).toBe(true);
  });
  it('leaves the record of it in three commits', async () => {
    const before = await town.head();
    await town.signedIn(karen);
    expect(await town.types(before)).toEqual(['SignInStarted', 'FactorAccepted', 'CodeUsed', 'FactorAccepted', 'SignInCompleted', 'SignInRedeemed', 'SessionStarted']);
  });
  it('leaves none of one that nobody answered', async () => {
    const before = await town.head();
    const begun = await town.begun();
    await town.front.as(bank).call(rpcs.abandonSignIn, { idempotencyKey: key(), signInId: begun.signInId, secret: begun.signInSecret });
    expect(await town.types(before)).toEqual([]);
    await expect(town.password(begun, karen.userId, karen.password)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
  });
  it('needs no code for the lowest level', async () => {
    const begun = await town.begun(bank, AssuranceLevel.LOW);
    expect(await town.password(begun, 'Karen.Hansen', karen.password)).toMatchObject({ completed: true, codeNumber: '' });
    expect((await town.redeem(begun)).level).toBe(AssuranceLevel.LOW);
  });
  it('cannot reach a level their proof of identity does not carry', async () => {
    const weak = await town.person('weakly-proved', AssuranceLevel.LOW);
    await expect(town.password(await town.begun(), weak.userId, weak.password)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
  });
  it('opens their own rooms when the agent began it for itself', async () => {
    const own = await town.signedIn(karen, portal);
    expect(decodeJwt(own.token)).toMatchObject({ aud: 'tillid', sub: karen.citizenId });
    const { sessions } = await town.front.as(portal).call(rpcs.listSessions, {}, { token: own.token });
    expect(sessions.map(({ clientName }) => clientName)).toContain('Fjordbanken');
  });
  it('has five minutes', async () => {
    const begun = await town.begun();
    town.passTime(5 * 60_000);
    await expect(town.password(begun, karen.userId, karen.password)).rejects.toMatchObject({ code: 'sign_in.unknown' });
  });
});

describe('a code', () => {
  it('is refused when wrong, asked for again, and still good', async () => {
    const begun = await town.begun();
    const { codeNumber } = await town.password(begun, karen.userId, karen.password);
    const right = keyOf(karen.card, codeNumber);
    await expect(town.code(begun, wrongKey(right))).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    expect(await town.code(begun, right)).toMatchObject({ completed: true });
  });
  it('works once, even when two sign-ins show it in the same moment', async () => {
    const [one, two] = await Promise.all([town.begun(), town.begun(hospital)]);
    const numbers = await Promise.all([one, two].map((begun) => town.password(begun, karen.userId, karen.password)));
    expect(numbers[0]!.codeNumber).toBe(numbers[1]!.codeNumber);
    const right = keyOf(karen.card, numbers[0]!.codeNumber);
    const outcomes = await Promise.allSettled([town.code(one, right), town.code(two, right)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'sign_in.factor_refused' } });
  });
});

describe('calls that arrive twice', () => {
  it('get the first answer, and change nothing more', async () => {
    const begin = { idempotencyKey: key(), level: AssuranceLevel.SUBSTANTIAL };
    const began = await town.front.as(bank).call(rpcs.beginSignIn, begin);
    expect(await town.front.as(bank).call(rpcs.beginSignIn, begin)).toEqual(began);
    const take = { idempotencyKey: key(), handOver: began.handOver };
    const taken = await town.front.as(portal).call(rpcs.takeSignIn, take);
    expect(await town.front.as(portal).call(rpcs.takeSignIn, take)).toEqual(taken);
    const { signInId, agentSecret } = taken;
    const password = { idempotencyKey: key(), signInId, agentSecret, userId: jens.userId, password: jens.password, deviceSecret: '' };
    const asked = await town.front.as(portal).call(rpcs.submitPassword, password);
    const code = { idempotencyKey: key(), signInId, agentSecret, code: keyOf(jens.card, asked.codeNumber) };
    const completed = await town.front.as(portal).call(rpcs.submitCode, code);
    const redeem = { idempotencyKey: key(), signInId, signInSecret: began.signInSecret };
    const redeemed = await town.front.as(bank).call(rpcs.redeemSignIn, redeem);

    const before = await town.head();
    expect(await town.front.as(portal).call(rpcs.submitPassword, password)).toEqual(asked);
    expect(await town.front.as(portal).call(rpcs.submitCode, code)).toEqual(completed);
    const again = await town.front.as(bank).call(rpcs.redeemSignIn, redeem);
    // ES256 signs differently each time; what the token says is the same.
    expect(decodeJwt(again.token)).toEqual(decodeJwt(redeemed.token));
    expect({ ...again, token: '' }).toEqual({ ...redeemed, token: '' });
    expect(await town.head()).toBe(before);
    await expect(town.redeem({ signInId, signInSecret: began.signInSecret })).rejects.toMatchObject({ code: 'sign_in.redeemed' });
  });
  it('get the refusal again, without another failure counted', async () => {
    const { signInId, agentSecret } = await town.begun();
    const request = { idempotencyKey: key(), signInId, agentSecret, userId: jens.userId, password: 'not the right one', deviceSecret: '' };
    for (let time = 0; time < 3; time++) await expect(town.front.as(portal).call(rpcs.submitPassword, request)).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    const refusals = (await town.events()).filter(({ event }) => event.type === 'FactorRefused' && event.signInId === signInId);
    expect(refusals).toHaveLength(1);
  });
  it('are refused when the key was used for another request', async () => {
    const idempotencyKey = key();
    await town.front.as(bank).call(rpcs.beginSignIn, { idempotencyKey, level: AssuranceLevel.LOW });
    await expect(town.front.as(bank).call(rpcs.beginSignIn, { idempotencyKey, level: AssuranceLevel.SUBSTANTIAL })).rejects.toMatchObject({ code: 'call.idempotency_key_reused' });
  });
});

describe('two sign-ins begun in the same moment (MitID, January 2022)', () => {
  it('cannot be swapped, whatever ids and secrets are mixed', async () => {
    const [one, two] = await Promise.all([town.completed(karen, bank), town.completed(jens, hospital)]);
    const unknown = { code: 'sign_in.unknown' };
    await expect(town.redeem({ ...one, signInSecret: two.signInSecret }, bank)).rejects.toMatchObject(unknown);
    await expect(town.redeem({ ...two, signInSecret: one.signInSecret }, bank)).rejects.toMatchObject(unknown);
    await expect(town.redeem(one, hospital)).rejects.toMatchObject(unknown);
    await expect(town.redeem(two, bank)).rejects.toMatchObject(unknown);
    await expect(town.redeem({ ...one, signInSecret: one.agentSecret }, bank)).rejects.toMatchObject(unknown);
    await expect(town.redeem({ ...one, signInSecret: one.handOver }, bank)).rejects.toMatchObject(unknown);
    expect((await town.redeem(one, bank)).subject).toBe(town.service.pseudonyms.of(karen.citizenId, bank.id));
    expect((await town.redeem(two, hospital)).subject).toBe(town.service.pseudonyms.of(jens.citizenId, hospital.id));
  });
  it('keep the factors with the agent that took each', async () => {
    const [one, two] = await Promise.all([town.begun(bank), town.begun(hospital)]);
    const unknown = { code: 'sign_in.unknown' };
    await expect(town.password({ ...one, agentSecret: two.agentSecret }, karen.userId, karen.password)).rejects.toMatchObject(unknown);
    await expect(town.password({ ...one, agentSecret: one.signInSecret }, karen.userId, karen.password)).rejects.toMatchObject(unknown);
    const { signInId, agentSecret } = one;
    const stolen = { idempotencyKey: key(), signInId, agentSecret, userId: karen.userId, password: karen.password, deviceSecret: '' };
    await expect(town.front.as(otherAgent).call(rpcs.submitPassword, stolen)).rejects.toMatchObject(unknown);
    await expect(town.front.as(bank).call(rpcs.submitPassword, { ...stolen, idempotencyKey: key() })).rejects.toMatchObject({ code: 'call.not_allowed' });
    await expect(town.front.as(hospital).call(rpcs.abandonSignIn, { idempotencyKey: key(), signInId, secret: two.signInSecret })).rejects.toMatchObject(unknown);
    await expect(town.take(one.handOver, otherAgent)).rejects.toMatchObject({ code: 'sign_in.taken' });
  });
  it('give the token to nobody before the code', async () => {
    const begun = await town.begun();
    await expect(town.redeem(begun)).rejects.toMatchObject({ code: 'sign_in.not_completed' });
    await town.password(begun, karen.userId, karen.password);
    await expect(town.redeem(begun)).rejects.toMatchObject({ code: 'sign_in.not_completed' });
  });
});
