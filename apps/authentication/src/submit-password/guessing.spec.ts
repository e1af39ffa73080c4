import { AuthenticationServiceService as rpcs } from '@tillid/contracts/authentication/v1/service';
import { decodeEnvelope } from '@tillid/eventsourcing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticationTown, type AuthenticationTown, bank, hospital, key, keyOf, type Person, portal } from '../../test/authentication-town.js';

let town: AuthenticationTown;
let karen: Person;
beforeAll(async () => {
  town = await authenticationTown();
  karen = await town.person('karen.hansen');
});
afterAll(() => town.close());

const guess = async (userId: string, password = 'not the right one', deviceSecret = '') => town.password(await town.begun(), userId, password, deviceSecret);

describe('a thief who has the user id', () => {
  it('is slowed after five tries, while the phone the citizen always uses signs in (MitID, 2022)', async () => {
    const { deviceSecret } = await town.completed(karen);
    expect(deviceSecret).toHaveLength(43);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => guess(karen.userId)));
    const codes = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.code as string);
    expect(codes.filter((code) => code === 'sign_in.factor_refused')).toHaveLength(5);
    expect(codes.filter((code) => code === 'sign_in.too_many_tries')).toHaveLength(15);
    await expect(guess(karen.userId, karen.password)).rejects.toMatchObject({ code: 'sign_in.too_many_tries', kind: 'busy' });

    const begun = await town.begun();
    const { codeNumber } = await town.password(begun, karen.userId, karen.password, deviceSecret);
    expect(await town.code(begun, keyOf(karen.card, codeNumber))).toMatchObject({ completed: true, deviceSecret: '' });
    // And a citizen who was let in has ended the row: strangers' pool is fresh, a new phone can sign in.
    await expect(guess(karen.userId, karen.password)).resolves.toMatchObject({ completed: false });
  });
  it('does no work while throttled: no key is fetched, nothing is recorded', async () => {
    const ulla = await town.person('ulla-olsen');
    await Promise.allSettled(Array.from({ length: 10 }, () => guess(ulla.userId)));
    const [keys, head] = [town.keysAsked.length, await town.head()];
    await expect(guess(ulla.userId)).rejects.toMatchObject({ code: 'sign_in.too_many_tries' });
    expect([town.keysAsked.length, await town.head()]).toEqual([keys, head]);
  });
  it('gets nowhere with a device secret of somebody else', async () => {
    const [mona, thief] = [await town.person('mona-madsen'), await town.person('tyvens-egen')];
    const { deviceSecret } = await town.completed(thief);
    await Promise.allSettled(Array.from({ length: 10 }, () => guess(mona.userId, 'wrong wrong wrong', deviceSecret)));
    await expect(guess(mona.userId, 'wrong wrong wrong')).rejects.toMatchObject({ code: 'sign_in.too_many_tries' });
  });
  it('has five tries in one sign-in', async () => {
    const egon = await town.person('egon-olsen');
    const begun = await town.begun();
    for (let wrong = 0; wrong < 5; wrong++) await expect(town.password(begun, egon.userId, 'not the right one')).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    await expect(town.password(begun, egon.userId, egon.password)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
  });
});

describe('a known device', () => {
  it('keeps its tries when identity is down: what could not be checked was no try', async () => {
    const olga = await town.person('olga-olsen');
    const { deviceSecret } = await town.completed(olga);
    const begun = await town.begun();
    town.keyRingIsDown(true);
    for (let tries = 0; tries < 20; tries++) await expect(town.password(begun, olga.userId, olga.password, deviceSecret)).rejects.toMatchObject({ code: 'peer.unavailable' });
    town.keyRingIsDown(false);
    expect(await town.password(begun, olga.userId, olga.password, deviceSecret)).toMatchObject({ completed: false });
  });
  it('signs in though strangers have filled what their own tries are counted in', async () => {
    const small = await authenticationTown({ strangersTriesMax: 5 });
    const nils = await small.person('nils-nilsen');
    const { deviceSecret } = await small.completed(nils);
    for (let stranger = 0; stranger < 10; stranger++) await small.password(await small.begun(), `stranger-${stranger}`, 'not the right one').catch(() => undefined);
    await expect(small.password(await small.begun(), 'one-more-stranger', 'not the right one')).rejects.toMatchObject({ code: 'call.too_many' });
    const begun = await small.begun();
    const { codeNumber } = await small.password(begun, nils.userId, nils.password, deviceSecret);
    expect(await small.code(begun, keyOf(nils.card, codeNumber))).toMatchObject({ completed: true });
    await small.close();
  });
});

describe('an agent that keeps a citizen’s calls', () => {
  it('gives strangers no fresh tries by repeating them', async () => {
    const letter = await town.letter(await town.citizen());
    const activation = { idempotencyKey: key(), ...letter, userId: 'poul-poulsen', password: 'korrekt hest batteri' };
    const { card } = await town.front.as(portal).call(rpcs.activateKey, activation);
    const begun = await town.begun();
    const { codeNumber } = await town.password(begun, activation.userId, activation.password);
    const code = { idempotencyKey: key(), signInId: begun.signInId, agentSecret: begun.agentSecret, code: keyOf(card!, codeNumber) };
    const completed = await town.front.as(portal).call(rpcs.submitCode, code);
    await Promise.allSettled(Array.from({ length: 6 }, () => guess(activation.userId)));
    const throttled = () => expect(guess(activation.userId)).rejects.toMatchObject({ code: 'sign_in.too_many_tries' });
    expect(await town.front.as(portal).call(rpcs.submitCode, code)).toEqual(completed);
    await throttled();
    for (let wait = 0; wait < 9; wait++) {
      town.passTime(60_000);
      await guess(activation.userId).catch(() => undefined);
    }
    await throttled();
    await town.front.as(portal).call(rpcs.activateKey, activation);
    await throttled();
  });
});

it('a client cannot talk down the count of sign-ins it has open', async () => {
  const small = await authenticationTown({ openSignInsPerClient: 3 });
  const begun = [await small.begin(), await small.begin(), await small.begin()];
  const abandon = () => small.front.as(bank).call(rpcs.abandonSignIn, { idempotencyKey: key(), signInId: begun[0]!.signInId, secret: begun[0]!.signInSecret });
  await expect(small.begin()).rejects.toMatchObject({ code: 'sign_in.too_many_open' });
  for (let time = 0; time < 3; time++) await abandon();
  await small.begin();
  await expect(small.begin()).rejects.toMatchObject({ code: 'sign_in.too_many_open' });
  expect(await small.begin(hospital)).toMatchObject({ signInId: expect.any(String) as string });
  await small.close();
});

describe('who asks whether somebody has a user id', () => {
  it('sees the same answer, the same work and the same number of commits', async () => {
    const finn = await town.person('finn-finsen');
    await town.completed(finn);
    const observe = async (userId: string) => {
      const begun = await town.begun();
      const keys = town.keysAsked.length;
      const before = await town.head();
      const error = await town.password(begun, userId, 'not the right one').then(
        () => undefined,
        (refused: Error & { code: string; kind: string }) => ({ code: refused.code, kind: refused.kind, message: refused.message }),
      );
      return { error, keysFetched: town.keysAsked.length - keys, recorded: await town.types(before) };
    };
    const known = await observe(finn.userId);
    expect(await observe('nobody-at-all')).toEqual(known);
    expect(known).toEqual({ error: expect.objectContaining({ code: 'sign_in.factor_refused' }), keysFetched: 1, recorded: ['SignInStarted', 'FactorRefused'] });
  });
  it('is throttled for somebody who does not exist, too', async () => {
    await Promise.allSettled(Array.from({ length: 10 }, () => guess('still-nobody')));
    await expect(guess('still-nobody')).rejects.toMatchObject({ code: 'sign_in.too_many_tries' });
  });
  it('learns nothing from a blocked citizen without the password', async () => {
    const lis = await town.person('lis-larsen');
    await town.identityTells({ type: 'CitizenBlocked', citizenId: lis.citizenId, reason: 'reported_stolen' });
    await town.settled();
    await expect(guess(lis.userId)).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
    await expect(guess(lis.userId, lis.password)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
  });
});

describe('what two relying services have in their events', () => {
  it('joins no citizen: no id, no session, no correlation in common', async () => {
    const per = await town.person('per-persen');
    await town.signedIn(per, bank);
    await town.signedIn(per, hospital);
    const stored = (await town.events()).map(({ bytes }) => decodeEnvelope(bytes));
    const pseudonyms = [bank, hospital].map(({ id }) => town.service.pseudonyms.of(per.citizenId, id));
    const idsAt = (clientId: string, pseudonym: string) => {
      const own = stored.filter((envelope) => envelope.clientId === clientId && envelope.subject === pseudonym);
      expect(own.length).toBeGreaterThan(4);
      expect(own.some(({ data }) => data.includes(per.citizenId))).toBe(false);
      return new Set(own.flatMap((envelope) => [envelope.subject, envelope.actor!.id, envelope.stream, envelope.correlationId, envelope.commandId.toString('hex')]).filter((id) => id !== '' && id !== clientId));
    };
    const [atBank, atHospital] = [idsAt(bank.id, pseudonyms[0]!), idsAt(hospital.id, pseudonyms[1]!)];
    expect([...atBank].filter((id) => atHospital.has(id))).toEqual([]);
    // What outlives a client names none.
    const ownStreams = stored.filter(({ stream }) => stream.startsWith('code-card-') || stream.startsWith('authenticators-'));
    expect(new Set(ownStreams.map(({ clientId }) => clientId))).toEqual(new Set(['']));
  });
  it('holds neither user id, password nor code, and neither does the vault', async () => {
    // A code alone is six digits, which chance writes; with its number before it, as the vault has it when open, it does not.
    const secrets = [karen.userId, karen.password, ...karen.card.codes.map(({ number, key: code }) => number + code)];
    const bytes = (await town.events()).map((event) => Buffer.from(event.bytes));
    const ids = await town.vault.list(town.now() + 1, undefined, 1000);
    for (const id of ids) bytes.push(Buffer.from((await town.vault.get(id))!.ciphertext));
    for (const secret of secrets) expect(bytes.some((each) => each.includes(secret))).toBe(false);
    for (const event of await town.events()) expect(JSON.stringify(event.event)).not.toContain(karen.userId);
  });
});

it('a relying service may not call SubmitPassword, and it is on record', async () => {
  const before = await town.head();
  const request = { idempotencyKey: key(), signInId: 'x', agentSecret: '', userId: '', password: '', deviceSecret: '' };
  await expect(town.front.as(bank).call(rpcs.submitPassword, request)).rejects.toMatchObject({ code: 'call.not_allowed' });
  expect(await town.types(before)).toEqual(['CallRefused']);
  expect(portal.kind).toBe('citizen_agent');
});
