import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { type IdentityTown, identityTown } from '../../test/identity-town.js';

let town: IdentityTown;
let citizenId: string;
let subject: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register();
  subject = await town.linkSubject(citizenId, 'egebaek');
  return () => town.stop();
});

const match = (nationalNumber: string, { of = subject, by = 'egebaek', idempotencyKey = town.newKey(), purpose = 'https://w3id.org/dpv#IdentityVerification' } = {}) =>
  town.asAt(by).call(IdentityServiceService.matchNationalNumber, { idempotencyKey, subject: of, nationalNumber, purpose });

describe('matching a national number', () => {
  it('says yes to the citizen’s own and no to any other', async () => {
    expect(await match('660781-1234')).toEqual({ matched: true });
    expect(await match('6607811234')).toEqual({ matched: true });
    expect(await match('660781-1235')).toEqual({ matched: false });
    expect(await match('990781-1234')).toEqual({ matched: false });
  });

  it('records each under the pseudonym at that client, and nothing that is the same elsewhere', async () => {
    await match('660781-1235');
    const [matched] = await town.events('NationalNumberMatched');
    expect(matched!.event).toMatchObject({ matched: false });
    expect(matched!.envelope).toMatchObject({ subject, clientId: 'egebaek', actor: { id: 'egebaek' }, authority: { basis: '', purpose: 'https://w3id.org/dpv#IdentityVerification' } });
    expect(Buffer.from(matched!.bytes).includes(Buffer.from(citizenId))).toBe(false);
  });

  it('knows a pseudonym that was made a moment ago, by waiting for what authentication knows', async () => {
    const fresh = await town.linkSubject(citizenId, 'sundby');
    expect(await match('660781-1234', { of: fresh, by: 'sundby' })).toEqual({ matched: true });
  });

  it('is refused for another client’s pseudonym exactly as for none', async () => {
    await expect(match('660781-1234', { by: 'sundby' })).rejects.toMatchObject({ code: 'identity.subject_unknown' });
    await expect(match('660781-1234', { of: town.newKey() })).rejects.toMatchObject({ code: 'identity.subject_unknown' });
    expect(await town.events('NationalNumberMatched')).toEqual([]);
  });

  it('is one match however often it is repeated, and answers as it did', async () => {
    const idempotencyKey = town.newKey();
    expect(await match('660781-1234', { idempotencyKey })).toEqual({ matched: true });
    await town.close(citizenId, true);
    expect(await match('660781-1234', { idempotencyKey })).toEqual({ matched: true });
    expect(await town.events('NationalNumberMatched')).toHaveLength(1);
  });

  it('says nothing of a citizen who was erased', async () => {
    await town.close(citizenId, true);
    await expect(match('660781-1234')).rejects.toMatchObject({ code: 'identity.subject_unknown' });
  });

  it('goes on to ten wrong numbers of a citizen in a day and no further, while others are still answered', async () => {
    for (let tries = 0; tries < 10; tries++) expect(await match('660781-1235')).toEqual({ matched: false });
    await expect(match('660781-1234')).rejects.toMatchObject({ code: 'identity.too_many_wrong_numbers', kind: 'busy' });
    const other = await town.linkSubject(citizenId, 'sundby');
    expect(await match('660781-1234', { of: other, by: 'sundby' })).toEqual({ matched: true });
    expect(await town.events('NationalNumberMatched')).toHaveLength(11);
  });

  it('is slowed to sixty a minute, so that numbers cannot be tried out', async () => {
    for (let tries = 0; tries < 60; tries++) await match('660781-1234');
    await expect(match('660781-1234')).rejects.toMatchObject({ code: 'call.too_many' });
  });
});
