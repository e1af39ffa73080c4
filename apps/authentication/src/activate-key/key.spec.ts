import { AuthenticationServiceService as rpcs } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticationTown, type AuthenticationTown, bank, goodPassword, key, keyOf, official, operator, type Person, portal } from '../../test/authentication-town.js';
import { sweepVault } from '../vault/superseded.js';

let town: AuthenticationTown;
beforeAll(async () => {
  town = await authenticationTown();
});
afterAll(() => town.close());

const activate = (letter: { activationId: string; activationCode: string }, userId: string, password = goodPassword, idempotencyKey = key()) =>
  town.front.as(portal).call(rpcs.activateKey, { idempotencyKey, activationId: letter.activationId, activationCode: letter.activationCode, userId, password });
const vaultSize = async () => (await town.vault.list(town.now() + 1, undefined, 1000)).length;
/** What the key ring of the citizen's records in the vault is: kinds, in order. */
const kindsOf = async (citizenId: string) => (await town.vault.list(town.now() + 1, undefined, 1000)).filter((id) => id.startsWith(citizenId)).map((id) => id.split('.')[1]).sort();
const signsIn = async (userId: string, password: string) => town.password(await town.begun(), userId, password);

describe('a client', () => {
  const register = (clientId: string, idempotencyKey = key()) => town.front.as(operator).call(rpcs.registerClient, { idempotencyKey, clientId, name: 'Egebæk Kommune', kind: 'relying_service', dataProvider: false });
  it('is registered once; a retry hears yes', async () => {
    const idempotencyKey = key();
    await register('egebaek', idempotencyKey);
    await register('egebaek', idempotencyKey);
    await expect(register('egebaek')).rejects.toMatchObject({ code: 'client.taken' });
    await expect(register('Egebæk')).rejects.toMatchObject({ code: 'call.malformed' });
  });
  it('that nobody registered begins nothing', async () => {
    await expect(town.front.as({ kind: 'relying_service', id: 'stranger' }).call(rpcs.beginSignIn, { idempotencyKey: key() })).rejects.toMatchObject({ code: 'client.unknown' });
    await expect(town.front.as({ kind: 'citizen_agent', id: bank.id }).call(rpcs.beginSignIn, { idempotencyKey: key() })).rejects.toMatchObject({ code: 'client.unknown' });
  });
  it('cannot ask for a level that no authenticator here reaches', async () => {
    await expect(town.begin(bank, AssuranceLevel.HIGH)).rejects.toMatchObject({ code: 'call.malformed' });
  });
});

describe('an activation letter', () => {
  it('goes to a citizen identity has just told of', async () => {
    expect((await town.letter(await town.citizen())).activationCode).toMatch(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
  });
  it('goes to a citizen who was proved, or unblocked, a moment ago', async () => {
    const [proved, unblocked] = [await town.citizen(AssuranceLevel.UNSPECIFIED), await town.citizen()];
    await town.identityTells({ type: 'CitizenBlocked', citizenId: unblocked, reason: 'authority_order' });
    await town.settled();
    await town.holdIdentityUntilAsked();
    await town.identityTells({ type: 'IdentityProved', citizenId: proved, proofId: 'p', level: AssuranceLevel.LOW, evidenceKind: 'passport', provedBy: 'anna', proposedBy: '' });
    await town.identityTells({ type: 'CitizenUnblocked', citizenId: unblocked });
    expect((await town.letter(proved)).activationCode).not.toBe('');
    expect((await town.letter(unblocked)).activationCode).not.toBe('');
  });
  it('goes to nobody unknown, unproved, blocked or closed', async () => {
    await expect(town.letter('nobody')).rejects.toMatchObject({ code: 'citizen.unknown' });
    await expect(town.letter(await town.citizen(AssuranceLevel.UNSPECIFIED))).rejects.toMatchObject({ code: 'citizen.not_proved' });
    const [blocked, closed] = [await town.citizen(), await town.citizen()];
    await town.identityTells({ type: 'CitizenBlocked', citizenId: blocked, reason: 'authority_order' });
    await town.identityTells({ type: 'CitizenClosed', citizenId: closed, reason: 'emigration' });
    await town.settled();
    await expect(town.letter(blocked)).rejects.toMatchObject({ code: 'citizen.blocked' });
    await expect(town.letter(closed)).rejects.toMatchObject({ code: 'citizen.closed' });
  });
  it('is the same letter for the same call, and without its code after five minutes', async () => {
    const request = { idempotencyKey: key(), citizenId: await town.citizen() };
    const letter = await town.front.as(official).call(rpcs.issueActivationCode, request);
    expect(await town.front.as(official).call(rpcs.issueActivationCode, request)).toEqual(letter);
    town.passTime(5 * 60_000);
    expect(await town.front.as(official).call(rpcs.issueActivationCode, request)).toEqual({ ...letter, activationCode: '' });
  });
  it('is void once a newer one is on its way, and after 14 days', async () => {
    const citizenId = await town.citizen();
    const first = await town.letter(citizenId);
    const second = await town.letter(citizenId);
    await expect(activate(first, 'sent-twice')).rejects.toMatchObject({ code: 'activation.refused' });
    town.passTime(14 * 24 * 3_600_000);
    await expect(activate(second, 'sent-twice')).rejects.toMatchObject({ code: 'activation.refused' });
  });
});

describe('activating a key', () => {
  it('answers the same card to the same call, and no codes after five minutes', async () => {
    const letter = await town.letter(await town.citizen());
    const idempotencyKey = key();
    const { card } = await activate(letter, 'twice.asked', goodPassword, idempotencyKey);
    expect(card!.codes).toHaveLength(148);
    expect((await activate(letter, 'twice.asked', goodPassword, idempotencyKey)).card).toEqual(card);
    town.passTime(5 * 60_000);
    expect((await activate(letter, 'twice.asked', goodPassword, idempotencyKey)).card).toEqual({ cardId: card!.cardId, codes: [] });
  });
  it('may be typed without dashes, in capitals', async () => {
    const { activationId, activationCode } = await town.letter(await town.citizen());
    await activate({ activationId, activationCode: activationCode.replaceAll('-', ' ').toUpperCase() }, 'capital.letters');
  });
  it('counts wrong codes, each call once, and ends at five', async () => {
    const letter = await town.letter(await town.citizen());
    const idempotencyKey = key();
    for (const again of [idempotencyKey, idempotencyKey, key(), key(), key()]) {
      await expect(activate({ ...letter, activationCode: 'aaaa-bbbb-cccc-dddd' }, 'guesses.wrong', goodPassword, again)).rejects.toMatchObject({ code: 'activation.refused' });
    }
    await expect(activate({ ...letter, activationCode: 'aaaa-bbbb-cccc-dddd' }, 'guesses.wrong')).rejects.toMatchObject({ code: 'activation.refused' });
    await expect(activate(letter, 'guesses.wrong')).rejects.toMatchObject({ code: 'activation.refused' });
  });
  it('refuses a user id that breaks the rules, a weak password, a user id somebody has; and leaves no secrets behind', async () => {
    await town.person('taken.already');
    const letter = await town.letter(await town.citizen());
    const before = await vaultSize();
    await expect(activate(letter, '6101701234')).rejects.toMatchObject({ code: 'user_id.invalid' });
    await expect(activate(letter, 'fine.name', 'password1234')).rejects.toMatchObject({ code: 'password.too_weak' });
    await expect(activate(letter, 'Taken.Already')).rejects.toMatchObject({ code: 'user_id.taken' });
    expect(await vaultSize()).toBe(before);
    await activate(letter, 'fine.name');
  });
  it('gives one user id to one of two who ask for it at once', async () => {
    const letters = [await town.letter(await town.citizen()), await town.letter(await town.citizen())];
    const outcomes = await Promise.allSettled(letters.map((letter) => activate(letter, 'wanted.by.two')));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('one letter', () => {
  it('shown twice at once opens the key once, and leaves one password and one card', async () => {
    const citizenId = await town.citizen();
    const letter = await town.letter(citizenId);
    const outcomes = await Promise.allSettled([activate(letter, 'both.at.once'), activate(letter, 'both.at.once.too')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'activation.refused' } });
    await town.settled();
    expect(await kindsOf(citizenId)).toEqual(['codes', 'password']);
  });
  it('is no way to ask for ever which user ids are taken', async () => {
    await town.person('taken.by.someone');
    const letter = await town.letter(await town.citizen());
    for (let asked = 0; asked < 5; asked++) await expect(activate(letter, 'taken.by.someone')).rejects.toMatchObject({ code: 'user_id.taken' });
    await expect(activate(letter, 'taken.by.someone')).rejects.toMatchObject({ code: 'sign_in.too_many_tries' });
    town.passTime(1000);
    await activate(letter, 'not.taken.by.anyone');
  });
});

describe('a citizen who lost the password', () => {
  it('keeps the user id; the old password, card, device and sessions end', async () => {
    const bo = await town.person('bo.bendtsen');
    const { token } = await town.signedIn(bo);
    const open = await town.completed(bo);
    const { card } = await activate(await town.letter(bo.citizenId), bo.userId, 'et helt nyt kodeord');
    await town.settled();
    expect(await town.active(token)).toBe(false);
    await expect(town.redeem(open)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
    await expect(signsIn(bo.userId, bo.password)).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    await town.completed({ ...bo, password: 'et helt nyt kodeord', card: card! });
    expect(await kindsOf(bo.citizenId)).toEqual(['codes', 'password']);
  });
  it('may take another user id; the one before is nobody else’s either', async () => {
    const ida = await town.person('ida.gammel');
    await activate(await town.letter(ida.citizenId), 'ida.ny', 'et helt nyt kodeord');
    await expect(signsIn('ida.gammel', 'et helt nyt kodeord')).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    await signsIn('ida.ny', 'et helt nyt kodeord');
    await expect(activate(await town.letter(await town.citizen()), 'ida.gammel')).rejects.toMatchObject({ code: 'user_id.taken' });
    await activate(await town.letter(ida.citizenId), 'ida.gammel');
  });
});

describe('a citizen in their own rooms', () => {
  const own = async (userId: string) => {
    const person = await town.person(userId);
    const { token } = await town.signedIn(person, portal);
    return { person, token };
  };
  it('changes the password, and every session ends', async () => {
    const { person, token } = await own('changes.password');
    const change = (oldPassword: string, newPassword: string) => town.front.as(portal).call(rpcs.changePassword, { idempotencyKey: key(), oldPassword, newPassword }, { token });
    await expect(change('not the old one', 'et helt nyt kodeord')).rejects.toMatchObject({ code: 'password.wrong' });
    await expect(change(person.password, 'mit changes.password!')).rejects.toMatchObject({ code: 'password.too_weak' });
    await expect(change(person.password, person.password)).rejects.toMatchObject({ code: 'password.too_weak' });
    await change(person.password, 'et helt nyt kodeord');
    await town.settled();
    await expect(change('et helt nyt kodeord', 'endnu et kodeord')).rejects.toMatchObject({ code: 'token.session_ended' });
    await signsIn(person.userId, 'et helt nyt kodeord');
    expect(await kindsOf(person.citizenId)).toEqual(['codes', 'password', 'verifier'].filter((kind) => kind !== 'verifier'));
  });
  it('gets the next card at twenty codes left, and it replaces the old one when collected', async () => {
    const { person, token } = await own('uses.many');
    const collect = (idempotencyKey = key()) => town.front.as(portal).call(rpcs.collectCodeCard, { idempotencyKey }, { token });
    await collect();
    await expect(collect()).rejects.toMatchObject({ code: 'code_card.none_waiting' });
    // 147 were left after the first; a code is what this is about, so the password is not asked each time.
    const { log } = town.service;
    const { codeCard } = await import('../domain/code-card.decider.js');
    const { write } = await import('../log/authentication-log.js');
    const { aboutCitizen } = await import('../log/envelopes.js');
    const stream = `code-card-${person.card.cardId}`;
    const used = new Set((await log.state(codeCard, stream)).used);
    for (const number of person.card.codes.map((code) => Number(code.number)).filter((each) => !used.has(each)).slice(0, 127)) {
      const context = { commandId: town.service.ids.bytes(16), fingerprint: town.service.ids.bytes(32), correlationId: 'c' };
      await log.handle(context, [write({ stream, decider: codeCard, command: { type: 'UseCode', cardId: person.card.cardId, number, codes: 148 }, envelope: () => aboutCitizen(person.citizenId) })]);
    }
    await town.settled();
    const idempotencyKey = key();
    const { card } = await collect(idempotencyKey);
    expect(card!.cardId).not.toBe(person.card.cardId);
    expect((await collect(idempotencyKey)).card).toEqual(card);
    const begun = await town.begun();
    const { codeNumber } = await town.password(begun, person.userId, person.password);
    expect(await town.code(begun, keyOf(card!, codeNumber))).toMatchObject({ completed: true, codesLeft: 147 });
  });
  it('cannot turn a password into a card, nor into another password', async () => {
    const person = await town.person('password.only');
    const begun = await town.begun(portal, AssuranceLevel.LOW);
    await town.password(begun, person.userId, person.password);
    const { token } = await town.redeem(begun, portal);
    await expect(town.front.as(portal).call(rpcs.collectCodeCard, { idempotencyKey: key() }, { token })).rejects.toMatchObject({ code: 'call.not_allowed' });
    const change = { idempotencyKey: key(), oldPassword: person.password, newPassword: 'et helt nyt kodeord' };
    await expect(town.front.as(portal).call(rpcs.changePassword, change, { token })).rejects.toMatchObject({ code: 'call.not_allowed' });
  });
  it('changes the password with the password alone where no code could show more', async () => {
    const person = await town.person('proved.low', AssuranceLevel.LOW);
    const begun = await town.begun(portal, AssuranceLevel.LOW);
    await town.password(begun, person.userId, person.password);
    const { token } = await town.redeem(begun, portal);
    await town.front.as(portal).call(rpcs.changePassword, { idempotencyKey: key(), oldPassword: person.password, newPassword: 'et helt nyt kodeord' }, { token });
  });
  it('blocks the key: nothing works until a new letter came', async () => {
    const { person, token } = await own('blocks.key');
    const block = () => town.front.as(portal).call(rpcs.blockKey, { idempotencyKey: key(), citizenId: '', reason: 'reported_stolen' }, { token });
    const atBank = await town.signedIn(person);
    await block();
    await town.settled();
    expect(await town.active(atBank.token)).toBe(false);
    await expect(block()).rejects.toMatchObject({ code: 'token.session_ended' });
    await expect(signsIn(person.userId, person.password)).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    expect(await kindsOf(person.citizenId)).toEqual([]);
    await activate(await town.letter(person.citizenId), person.userId);
  });
});

describe('an official', () => {
  const block = (citizenId: string) => town.front.as(official).call(rpcs.blockKey, { idempotencyKey: key(), citizenId, reason: 'reported_stolen' });
  it('blocks a key, once', async () => {
    const person: Person = await town.person('reported.stolen');
    await block(person.citizenId);
    await expect(block(person.citizenId)).rejects.toMatchObject({ code: 'key.not_active' });
  });
});

describe('the sweep of the vault', () => {
  it('takes what no event names, after a day, and nothing else', async () => {
    const person = await town.person('swept.around');
    await town.settled();
    await town.service.vault.put(person.citizenId, 'password', 'left by a crash');
    const signal = new AbortController().signal;
    expect(await sweepVault(town.service, signal)).toBe(0);
    town.passTime(25 * 3_600_000);
    expect(await sweepVault(town.service, signal)).toBe(1);
    await signsIn(person.userId, person.password);
  });
});
