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
  it('with one key for two hand-overs take two sign-ins with two secrets', async () => {
    const idempotencyKey = key();
    const [one, two] = [await town.begin(), await town.begin(hospital)];
    const taken = [one, two].map(({ handOver }) => town.front.as(portal).call(rpcs.takeSignIn, { idempotencyKey, handOver }));
    const [first, second] = (await Promise.all(taken)).map(({ agentSecret }) => agentSecret);
    expect(first).not.toBe(second);
  });
  it('in the same moment begin one sign-in, and the one that asks for something else is refused', async () => {
    const idempotencyKey = key();
    const levels = [AssuranceLevel.LOW, AssuranceLevel.SUBSTANTIAL];
    const outcomes = await Promise.allSettled(levels.map((level) => town.front.as(bank).call(rpcs.beginSignIn, { idempotencyKey, level })));
    expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'call.idempotency_key_reused' } }]);
  });
  it('redeem once, though two different calls do it at once', async () => {
    const done = await town.completed(karen);
    const before = await town.head();
    const outcomes = await Promise.allSettled([town.redeem(done), town.redeem(done)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'sign_in.redeemed' } });
    expect(await town.types(before)).toEqual(['SignInRedeemed', 'SessionStarted']);
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

describe('a sign-in that is begun again, under its old key, when its five minutes are over', () => {
  /** Every call of it up to the password, to be repeated. */
  const upToPassword = async (person: Person, level: AssuranceLevel) => {
    const begin = { idempotencyKey: key(), level };
    const began = await town.front.as(bank).call(rpcs.beginSignIn, begin);
    const take = { idempotencyKey: key(), handOver: began.handOver };
    const { signInId, agentSecret } = await town.front.as(portal).call(rpcs.takeSignIn, take);
    const password = { idempotencyKey: key(), signInId, agentSecret, userId: person.userId, password: person.password, deviceSecret: '' };
    const asked = await town.front.as(portal).call(rpcs.submitPassword, password);
    const repeat = async () => {
      await town.front.as(bank).call(rpcs.beginSignIn, begin);
      await town.front.as(portal).call(rpcs.takeSignIn, take);
      return town.front.as(portal).call(rpcs.submitPassword, password);
    };
    return { ...began, agentSecret, codeNumber: asked.codeNumber, repeat };
  };

  it('gets nothing for the password that was shown in its first life, nor for the code', async () => {
    const lone = await town.person('begun.again');
    const byPassword = await upToPassword(lone, AssuranceLevel.LOW);
    const byCode = await upToPassword(lone, AssuranceLevel.SUBSTANTIAL);
    await town.code(byCode, keyOf(lone.card, byCode.codeNumber));
    town.passTime(5 * 60_000);
    for (const stockpiled of [byPassword, byCode]) {
      await expect(stockpiled.repeat()).rejects.toMatchObject({ code: 'sign_in.abandoned' });
      await expect(town.redeem(stockpiled)).rejects.toMatchObject({ code: 'sign_in.not_completed' });
    }
  });
});

describe('a crash between the record of a step and what follows it', () => {
  const passwordRecordedOnly = async (person: Person) => {
    const begun = await town.begun(bank, AssuranceLevel.LOW);
    const { signInId, agentSecret } = begun;
    const request = { idempotencyKey: key(), signInId, agentSecret, userId: person.userId, password: person.password, deviceSecret: '' };
    const submit = () => town.front.as(portal).call(rpcs.submitPassword, request);
    await town.dyingBeforeExpiringStores(() => expect(submit()).rejects.toThrow('killed'));
    await expect(town.redeem(begun)).rejects.toMatchObject({ code: 'sign_in.not_completed' });
    return { begun, submit };
  };

  it('of a password is mended by the same call', async () => {
    const { begun, submit } = await passwordRecordedOnly(await town.person('crashed.once'));
    expect(await submit()).toEqual({ codeNumber: '', completed: true });
    expect((await town.redeem(begun)).level).toBe(AssuranceLevel.LOW);
  });
  it('of a password is not mended when the password was changed meanwhile', async () => {
    const person = await town.person('crashed.then.changed');
    const { token } = await town.signedIn(person, portal);
    const { begun, submit } = await passwordRecordedOnly(person);
    await town.front.as(portal).call(rpcs.changePassword, { idempotencyKey: key(), oldPassword: person.password, newPassword: 'et helt nyt kodeord' }, { token });
    await expect(submit()).rejects.toMatchObject({ code: 'sign_in.abandoned' });
    await expect(town.redeem(begun)).rejects.toMatchObject({ code: 'sign_in.not_completed' });
  });
  it('of a code is mended by the same call, and the device is known', async () => {
    const person = await town.person('crashed.with.code');
    const begun = await town.begun();
    const { codeNumber } = await town.password(begun, person.userId, person.password);
    const request = { idempotencyKey: key(), signInId: begun.signInId, agentSecret: begun.agentSecret, code: keyOf(person.card, codeNumber) };
    const submit = () => town.front.as(portal).call(rpcs.submitCode, request);
    await town.dyingBeforeExpiringStores(() => expect(submit()).rejects.toThrow('killed'));
    const { completed, deviceSecret } = await submit();
    expect(completed).toBe(true);
    expect(await town.service.devices.find(person.citizenId, deviceSecret)).toMatch(/^[0-9a-f]{64}$/);
    await town.redeem(begun);
  });
  it('of giving up leaves it given up', async () => {
    const begun = await town.begun();
    await town.password(begun, karen.userId, karen.password);
    const request = { idempotencyKey: key(), signInId: begun.signInId, secret: begun.signInSecret };
    const abandon = () => town.front.as(bank).call(rpcs.abandonSignIn, request);
    await town.dyingBeforeExpiringStores(() => expect(abandon()).rejects.toThrow('killed'));
    await expect(town.code(begun, '000000')).rejects.toMatchObject({ code: 'sign_in.abandoned' });
    await expect(town.redeem(begun)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
    expect(await abandon()).toEqual({});
  });
});

describe('two sign-ins begun in the same moment (MitID, January 2022)', () => {
  it('at one bank, through one agent: of every id with every secret only the own pair is let in', async () => {
    const [one, two] = await Promise.all([town.begun(), town.begun()]);
    const unknown = { code: 'sign_in.unknown' };
    const secrets = [one, two].flatMap((begun) => [begun.signInSecret, begun.agentSecret, begun.handOver]);
    for (const { signInId, signInSecret, agentSecret } of [one, two]) {
      for (const secret of secrets.filter((each) => each !== agentSecret)) {
        await expect(town.password({ signInId, agentSecret: secret }, karen.userId, karen.password)).rejects.toMatchObject(unknown);
        await expect(town.code({ signInId, agentSecret: secret }, '000000')).rejects.toMatchObject(unknown);
      }
      for (const secret of secrets.filter((each) => each !== signInSecret)) await expect(town.redeem({ signInId, signInSecret: secret })).rejects.toMatchObject(unknown);
      for (const caller of [bank, portal, hospital, otherAgent]) {
        const own = caller === bank ? signInSecret : caller === portal ? agentSecret : '';
        for (const secret of secrets.filter((each) => each !== own)) {
          await expect(town.front.as(caller).call(rpcs.abandonSignIn, { idempotencyKey: key(), signInId, secret })).rejects.toMatchObject(unknown);
        }
      }
    }
    const people = [karen, jens];
    for (const [index, begun] of [one, two].entries()) {
      const { codeNumber } = await town.password(begun, people[index]!.userId, people[index]!.password);
      await town.code(begun, keyOf(people[index]!.card, codeNumber));
    }
    for (const [index, begun] of [one, two].entries()) {
      expect((await town.redeem(begun)).subject).toBe(town.service.pseudonyms.of(people[index]!.citizenId, bank.id));
    }
  });
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
