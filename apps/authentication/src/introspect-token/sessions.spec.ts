import { AuthenticationServiceService as rpcs } from '@tillid/contracts/authentication/v1/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticationTown, type AuthenticationTown, bank, consentService, hospital, key, otherAgent, type Person, portal } from '../../test/authentication-town.js';

let town: AuthenticationTown;
let karen: Person;
beforeAll(async () => {
  town = await authenticationTown();
  karen = await town.person('karen.hansen');
});
afterAll(() => town.close());

const end = (caller: typeof bank | typeof hospital | typeof portal, sessionId: string, token?: string) =>
  town.front.as(caller).call(rpcs.endSession, { idempotencyKey: key(), sessionId }, { ...(token !== undefined && { token }) });

describe('a session', () => {
  it('is ended by the service that has it, and by nobody else’s', async () => {
    const { sessionId, token } = await town.signedIn(karen);
    await expect(end(hospital, sessionId)).rejects.toMatchObject({ code: 'session.unknown' });
    await end(bank, sessionId);
    expect(await town.active(token)).toBe(false);
    await end(bank, sessionId);
  });
  it('is ended by its citizen from their own rooms, and by no other citizen', async () => {
    const { sessionId } = await town.signedIn(karen);
    const [own, stranger] = [await town.signedIn(karen, portal), await town.signedIn(await town.person('not.karen'), portal)];
    await expect(end(portal, sessionId)).rejects.toMatchObject({ code: 'token.required' });
    await expect(end(portal, sessionId, stranger.token)).rejects.toMatchObject({ code: 'session.unknown' });
    await end(portal, sessionId, own.token);
    await town.settled();
    const { sessions } = await town.front.as(portal).call(rpcs.listSessions, {}, { token: own.token });
    expect(sessions.map((session) => session.sessionId)).not.toContain(sessionId);
  });
  it('is listed page by page, each once, and no longer than it lasts', async () => {
    const many = await town.person('many.sessions');
    const started = [];
    for (const caller of [bank, hospital, bank, bank, hospital]) started.push((await town.signedIn(many, caller)).sessionId);
    const { sessionId, token } = await town.signedIn(many, portal);
    await town.settled();
    const seen: string[] = [];
    for (let pageToken = ''; ; ) {
      const page = await town.front.as(portal).call(rpcs.listSessions, { pageToken, pageSize: 2 }, { token });
      expect(page.sessions.length).toBeLessThanOrEqual(2);
      seen.push(...page.sessions.map((session) => session.sessionId));
      if ((pageToken = page.nextPageToken) === '') break;
    }
    expect(seen.toSorted()).toEqual([...started, sessionId].sort());
    await expect(town.front.as(portal).call(rpcs.listSessions, { pageToken: 'rubbish' }, { token })).rejects.toMatchObject({ code: 'call.malformed' });
    town.passTime(3_600_000);
    const later = await town.signedIn(many, portal);
    await town.settled();
    expect((await town.front.as(portal).call(rpcs.listSessions, {}, { token: later.token })).sessions.map((session) => session.sessionId)).toEqual([later.sessionId]);
  });
});

describe('a token', () => {
  it('is good for five minutes, where it was given', async () => {
    const { token } = await town.signedIn(karen);
    expect(await town.active(token)).toBe(true);
    expect(await town.active('rubbish')).toBe(false);
    town.passTime(5 * 60_000 + 6000);
    expect(await town.active(token)).toBe(false);
  });
  it('shown by another service is refused, and recorded on that service', async () => {
    const { token } = await town.signedIn(karen);
    const before = await town.head();
    expect(await town.active(token, hospital)).toBe(false);
    expect(await town.types(before)).toEqual(['TokenMisused']);
    const misused = (await town.events()).at(-1)!;
    expect(misused.envelope.stream).toBe('caller-relying_service-sundby-hospital');
    expect(misused.event).toMatchObject({ reason: 'token.other_certificate', count: 1 });
  });
  it('of a relying service opens nobody’s own rooms', async () => {
    const { token } = await town.signedIn(karen);
    const before = await town.head();
    await expect(town.front.as(portal).call(rpcs.listSessions, {}, { token })).rejects.toMatchObject({ code: expect.stringMatching(/^token\.(foreign_audience|other_certificate)$/) });
    expect(await town.types(before)).toEqual(['TokenMisused']);
  });
  it('of one agent is no good to another', async () => {
    const { token } = await town.signedIn(karen, portal);
    expect(await town.active(token, portal)).toBe(true);
    expect(await town.active(token, otherAgent)).toBe(false);
  });
  it('misused a hundred times a minute is eleven events at most, and none is uncounted', async () => {
    const { token } = await town.signedIn(karen);
    town.passTime(60_000);
    const before = await town.head();
    for (let time = 0; time < 100; time++) await town.active(token, hospital);
    expect(await town.types(before)).toHaveLength(10);
    town.passTime(60_000);
    await town.active(token, hospital);
    const counts = (await town.events()).filter(({ position }) => position > before).map(({ event }) => (event.type === 'TokenMisused' ? event.count : 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(101);
  });
  it('misused too often by a caller who never comes back is counted all the same', async () => {
    const { token } = await town.signedIn(karen);
    town.passTime(60_000);
    const before = await town.head();
    for (let time = 0; time < 15; time++) await town.active(token, hospital);
    await town.front.flushRefusals();
    const misused = (await town.events()).filter(({ position }) => position > before).map(({ event }) => (event.type === 'TokenMisused' ? event.count : 0));
    expect(misused).toEqual([...Array.from({ length: 10 }, () => 1), 5]);
  });
  it('can be asked about by a service, for the certificate that showed it', async () => {
    const { token } = await town.signedIn(karen);
    const thumbprint = (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { cnf: { 'x5t#S256': string } }).cnf['x5t#S256'];
    const asked = (certificateThumbprint: string) => town.front.as(consentService).call(rpcs.introspectToken, { token, certificateThumbprint });
    expect(await asked(thumbprint)).toMatchObject({ active: true });
    expect(await asked('another')).toMatchObject({ active: false });
  });
});

describe('a citizen whom identity blocks', () => {
  it('loses open sessions, and sign-ins under way, as soon as the event has come', async () => {
    const ole = await town.person('ole.olsen');
    const [atBank, atPortal] = [await town.signedIn(ole), await town.signedIn(ole, portal)];
    const [begun, done] = [await town.begun(), await town.completed(ole)];
    const { codeNumber } = await town.password(begun, ole.userId, ole.password);
    await town.identityTells({ type: 'CitizenBlocked', citizenId: ole.citizenId, reason: 'reported_stolen' });
    await town.settled();
    expect(await town.active(atBank.token)).toBe(false);
    expect(await town.active(atPortal.token, portal)).toBe(false);
    await expect(town.code(begun, codeNumber)).rejects.toMatchObject({ code: 'sign_in.abandoned' });
    await expect(town.redeem(done)).rejects.toMatchObject({ code: 'citizen.blocked' });
    const ended = (await town.events()).filter(({ event }) => event.type === 'SessionEnded' && event.reason === 'citizen_blocked');
    expect(ended).toHaveLength(2);
  });
  it('signs in again when unblocked; a closed one never', async () => {
    const eva = await town.person('eva.evers');
    await town.identityTells({ type: 'CitizenBlocked', citizenId: eva.citizenId, reason: 'reported_stolen' });
    await town.identityTells({ type: 'CitizenUnblocked', citizenId: eva.citizenId });
    await town.settled();
    const { token } = await town.signedIn(eva);
    expect(await town.active(token)).toBe(true);
    const done = await town.completed(eva);
    await town.identityTells({ type: 'CitizenClosed', citizenId: eva.citizenId, reason: 'death' });
    await town.settled();
    await expect(town.redeem(done)).rejects.toMatchObject({ code: 'citizen.closed' });
    expect(await town.active(token)).toBe(false);
  });
  it('has no session left when the block arrives between the last look and the record of redeeming', async () => {
    const ulf = await town.person('ulf.ulfsen');
    const done = await town.completed(ulf);
    const { store } = town.service.log.log;
    const append = store.append.bind(store);
    store.append = async (commit) => {
      store.append = append;
      await town.identityTells({ type: 'CitizenBlocked', citizenId: ulf.citizenId, reason: 'reported_stolen' });
      await town.settled();
      return append(commit);
    };
    const before = await town.head();
    await expect(town.redeem(done)).rejects.toMatchObject({ code: 'citizen.blocked' });
    expect(await town.types(before)).toEqual(['SignInRedeemed', 'SessionStarted', 'SessionEnded']);
  });
  it('whose key was destroyed is like somebody who never was', async () => {
    const ib = await town.person('ib.ibsen');
    town.destroyed.add(ib.citizenId);
    await expect(town.password(await town.begun(), ib.userId, ib.password)).rejects.toMatchObject({ code: 'sign_in.factor_refused' });
  });
});

describe('LinkSubject', () => {
  it('records a pseudonym before it answers, and once', async () => {
    const citizenId = await town.citizen();
    const before = await town.head();
    const [one, two] = await Promise.all([town.linkSubject(citizenId, bank.id), town.linkSubject(citizenId, bank.id)]);
    expect(one).toEqual(two);
    expect(await town.types(before)).toEqual(['SubjectLinked']);
    expect((await town.linkSubject(citizenId, hospital.id)).pseudonym).not.toBe(one.pseudonym);
  });
  it('knows no citizen and no client that are not', async () => {
    await expect(town.linkSubject('nobody', bank.id)).rejects.toMatchObject({ code: 'citizen.unknown' });
    await expect(town.linkSubject(karen.citizenId, 'nobody')).rejects.toMatchObject({ code: 'client.unknown' });
  });
});
