import { given } from '@tillid/eventsourcing';
import { describe, it } from 'vitest';
import { citizenKey, type CitizenKeyCommand } from './citizen-key.decider.js';
import type { CitizenKeyEvent } from './identity.messages.js';

const givenKey = given(citizenKey);
const citizenId = 'ida';
const use = { citizenId, service: 'authentication', day: '2026-11-24' };
const create: CitizenKeyCommand = { type: 'CreateKey', citizenId };
const useKey: CitizenKeyCommand = { type: 'UseKey', ...use };
const countUses: CitizenKeyCommand = { type: 'CountKeyUses', ...use, count: 41 };
const destroy: CitizenKeyCommand = { type: 'DestroyKey', citizenId };

const created: CitizenKeyEvent = { type: 'EncryptionKeyCreated', citizenId };
const used = (count: number): CitizenKeyEvent => ({ type: 'EncryptionKeyUsed', ...use, count });
const destroyed: CitizenKeyEvent = { type: 'EncryptionKeyDestroyed', citizenId };

describe('a key nobody has', () => {
  it('is created', () => givenKey().when(create).then(created));
  it('has no use to record: an unknown id leaves no trace in the log', () => {
    givenKey().when(useKey).thenNothing();
    givenKey().when(countUses).thenNothing();
  });
  it('cannot be destroyed', () => givenKey().when(destroy).thenRefused('identity.citizen_unknown'));
});

describe('a citizen’s key', () => {
  it('is not created twice', () => givenKey(created).when(create).thenNothing());
  it('has its first use of a day recorded as one', () => givenKey(created).when(useKey).then(used(1)));
  it('has the rest of the day recorded as what it was', () => givenKey(created, used(1)).when(countUses).then(used(41)));
  it('has nothing recorded for a day without a rest', () => givenKey(created, used(1)).when({ ...countUses, count: 0 }).thenNothing());
  it('is destroyed', () => givenKey(created, used(1)).when(destroy).then(destroyed));
});

describe('a destroyed key', () => {
  it('is used by nobody', () => givenKey(created, destroyed).when(useKey).thenRefused('key_ring.key_destroyed'));
  it('keeps the record of the uses before', () => givenKey(created, used(1), destroyed).when(countUses).then(used(41)));
  it('is not destroyed again, and never made anew', () => {
    givenKey(created, destroyed).when(destroy).thenRefused('identity.citizen_closed');
    givenKey(created, destroyed).when(create).thenNothing();
  });
});
