import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { given } from '@tillid/eventsourcing';
import { describe, it } from 'vitest';
import { citizen, type CitizenCommand } from './citizen.decider.js';
import type { CitizenEvent } from './identity.messages.js';

const { LOW, SUBSTANTIAL, HIGH } = AssuranceLevel;
const citizenId = 'ida';
const givenCitizen = given(citizen);
const hmac = Buffer.alloc(32, 1);

const register: CitizenCommand = { type: 'RegisterCitizen', citizenId, detailsId: 'details-1', nationalNumberHmac: hmac, attributes: ['age'] };
const prove = (level: AssuranceLevel, officialId: string, evidenceKind = 'passport', proofId = 'proof-2'): CitizenCommand => ({ type: 'ProveIdentity', citizenId, officialId, proofId, level, evidenceKind });
const block: CitizenCommand = { type: 'BlockCitizen', citizenId, reason: 'reported_stolen' };
const unblock: CitizenCommand = { type: 'UnblockCitizen', citizenId };
const close = (destroyKey = false): CitizenCommand => ({ type: 'CloseCitizen', citizenId, reason: 'death', destroyKey });

const registered: CitizenEvent = { type: 'CitizenRegistered', citizenId, detailsId: 'details-1', nationalNumberHmac: hmac, attributes: ['age'] };
const proposed = (proposedBy: string, evidenceKind = 'passport'): CitizenEvent => ({ type: 'IdentityProofProposed', citizenId, proofId: 'proof-1', level: HIGH, evidenceKind, proposedBy });
const proved = (level: AssuranceLevel, provedBy: string, proposedBy = '', proofId = 'proof-2'): CitizenEvent => ({ type: 'IdentityProved', citizenId, proofId, level, evidenceKind: 'passport', provedBy, proposedBy });
const blocked: CitizenEvent = { type: 'CitizenBlocked', citizenId, reason: 'reported_stolen' };
const unblocked: CitizenEvent = { type: 'CitizenUnblocked', citizenId };
const closed: CitizenEvent = { type: 'CitizenClosed', citizenId, reason: 'death' };

describe('a citizen nobody registered', () => {
  it('is registered', () => givenCitizen().when(register).then(registered));
  it.each([prove(LOW, 'a'), block, unblock, close(), close(true)])('is unknown to $type', (command) => givenCitizen().when(command).thenRefused('identity.citizen_unknown'));
});

describe('a registered citizen', () => {
  it('is not registered again', () => givenCitizen(registered).when(register).thenRefused('identity.national_number_taken'));
  it('is proved up to substantial by one official', () => {
    givenCitizen(registered).when(prove(LOW, 'a')).then(proved(LOW, 'a'));
    givenCitizen(registered).when(prove(SUBSTANTIAL, 'a')).then(proved(SUBSTANTIAL, 'a'));
  });
  it('is blocked', () => givenCitizen(registered).when(block).then(blocked));
  it('cannot be unblocked before that', () => givenCitizen(registered).when(unblock).thenRefused('identity.not_blocked'));
  it('is closed, with or without the key', () => {
    givenCitizen(registered).when(close()).then(closed);
    givenCitizen(registered).when(close(true)).then(closed);
  });
});

describe('level high', () => {
  it('is proposed by the first official', () => givenCitizen(registered).when(prove(HIGH, 'a', 'passport', 'proof-1')).then(proposed('a')));
  it('is proved by another, under the proof that was proposed', () => givenCitizen(registered, proposed('a')).when(prove(HIGH, 'b')).then(proved(HIGH, 'b', 'a', 'proof-1')));
  it('is never proved by the one who proposed it', () => givenCitizen(registered, proposed('a')).when(prove(HIGH, 'a')).thenRefused('identity.same_official'));
  it('needs both to have seen the same evidence', () =>
    givenCitizen(registered, proposed('a')).when(prove(HIGH, 'b', 'driving_licence', 'proof-1')).then(proposed('b', 'driving_licence')));
  it('lets an official prove what another proposed, beside a proposal of their own', () =>
    givenCitizen(registered, proposed('a'), proposed('b', 'driving_licence')).when(prove(HIGH, 'b')).then(proved(HIGH, 'b', 'a', 'proof-1')));
  it('is not proved by a proposal and a lesser proof', () => givenCitizen(registered, proposed('a')).when(prove(SUBSTANTIAL, 'b')).then(proved(SUBSTANTIAL, 'b')));
  it('stays open while a lesser level is proved', () => givenCitizen(registered, proposed('a'), proved(SUBSTANTIAL, 'b')).when(prove(HIGH, 'b')).then(proved(HIGH, 'b', 'a', 'proof-1')));
  it('is reached once', () => givenCitizen(registered, proposed('a'), proved(HIGH, 'b', 'a')).when(prove(HIGH, 'c')).thenRefused('identity.level_not_higher'));
  it('is never lowered', () => givenCitizen(registered, proved(SUBSTANTIAL, 'a')).when(prove(LOW, 'b')).thenRefused('identity.level_not_higher'));
});

describe('a blocked citizen', () => {
  it('stays blocked when blocked again', () => givenCitizen(registered, blocked).when(block).thenNothing());
  it('is unblocked', () => givenCitizen(registered, blocked).when(unblock).then(unblocked));
  it('can be proved and closed all the same', () => {
    givenCitizen(registered, blocked).when(prove(LOW, 'a')).then(proved(LOW, 'a'));
    givenCitizen(registered, blocked).when(close()).then(closed);
  });
  it('is blocked anew after being unblocked', () => givenCitizen(registered, blocked, unblocked).when(block).then(blocked));
});

describe('a closed citizen', () => {
  const history = [registered, blocked, closed];
  it.each([prove(LOW, 'a'), block, unblock, close()])('is beyond $type', (command) => givenCitizen(...history).when(command).thenRefused('identity.citizen_closed'));
  it('leaves the erasure to the stream of the key', () => givenCitizen(...history).when(close(true)).thenNothing());
});
