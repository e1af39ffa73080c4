import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { Result } from '@tillid/contracts/event/v1/event';
import { commonEvents } from '@tillid/eventsourcing';
import { consentTown, publicTask, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
beforeEach(async () => {
  town = await consentTown();
  await town.agree('egebaek', 'identity');
});
afterEach(() => town.stop());

const refusals = async () => (await town.events()).filter(({ event }) => event.type === 'ShareRefused');

describe('a receiver with a consent', () => {
  it('gets a share id made of the consent’s and a number', async () => {
    const { consentId } = await town.consenting('identity');
    expect(await town.share(consentId)).toBe(`${consentId}.1`);
    expect(await town.share(consentId)).toBe(`${consentId}.2`);
  });

  it('gets the same share when it repeats the call', async () => {
    const { consentId } = await town.consenting('identity');
    const request = { idempotencyKey: town.newKey(), consentId, attributes: ['address'], purpose: 'kindergarten' };
    const first = await town.egebaek.call(ConsentServiceService.requestShare, request);
    expect(await town.egebaek.call(ConsentServiceService.requestShare, request)).toEqual(first);
  });

  it('is refused on record, and refused the same when it repeats the call, whatever happened since', async () => {
    const citizenId = town.newKey();
    const consentId = await town.ask('address-from-identity', await town.link(citizenId, 'egebaek'));
    const request = { idempotencyKey: town.newKey(), consentId, attributes: ['address'], purpose: 'kindergarten' };
    await expect(town.egebaek.call(ConsentServiceService.requestShare, request)).rejects.toMatchObject({ code: 'consent.never_granted' });
    await town.grant(consentId, citizenId);
    await expect(town.egebaek.call(ConsentServiceService.requestShare, request)).rejects.toMatchObject({ code: 'consent.never_granted' });
    expect((await refusals()).map(({ envelope }) => envelope.outcome)).toEqual([{ result: Result.REFUSED, reason: 'consent.never_granted' }]);
  });

  it('cannot flood a citizen’s log with refusals', async () => {
    const { citizenId, consentId } = await town.consenting('identity');
    await town.withdraw(consentId, citizenId);
    for (let tries = 0; tries < 15; tries++) await expect(town.share(consentId)).rejects.toMatchObject({ code: 'consent.withdrawn' });
    expect(await refusals()).toHaveLength(10);
    town.clock.ms += 60_000;
    await expect(town.share(consentId)).rejects.toMatchObject({ code: 'consent.withdrawn' });
    expect(await refusals()).toHaveLength(11);
  });

  it('has every refusal counted, beyond ten a minute in one event of its own stream, also when all come at once', async () => {
    const consents = await Promise.all(Array.from({ length: 15 }, () => town.consenting('identity')));
    for (const { citizenId, consentId } of consents) await town.withdraw(consentId, citizenId);
    await Promise.allSettled(consents.map(({ consentId }) => town.share(consentId)));
    expect(await refusals()).toHaveLength(10);
    const { position } = await town.stores.events.head();
    await town.flushRefusals();
    const [counted, ...more] = await town.stores.events.readAll(position, 10);
    expect(more).toEqual([]);
    const recorded = commonEvents.decode(counted!.bytes, counted!.position)!;
    expect(recorded.event).toMatchObject({ type: 'CallRefused', reason: 'consent.withdrawn', count: 5 });
    expect(recorded.envelope).toMatchObject({ stream: 'caller-relying_service-egebaek', subject: '' });
  });

  it('writes nothing on a consent that is not its own', async () => {
    const { consentId } = await town.consenting('identity');
    const before = (await town.events()).length;
    await expect(town.sundby.call(ConsentServiceService.requestShare, { idempotencyKey: town.newKey(), consentId, attributes: ['address'], purpose: 'kindergarten' })).rejects.toMatchObject({ code: 'consent.unknown' });
    expect(await town.events()).toHaveLength(before);
  });

  it('names either a consent or a basis', async () => {
    const { consentId, subject } = await town.consenting('identity');
    const both = { idempotencyKey: town.newKey(), consentId, subject, attributes: ['address'], purpose: 'kindergarten' };
    await expect(town.egebaek.call(ConsentServiceService.requestShare, both)).rejects.toMatchObject({ code: 'call.malformed' });
  });
});

describe('a hospital on its public task', () => {
  const request = async (more: object = {}) =>
    town.sundby.call(ConsentServiceService.requestShare, {
      idempotencyKey: town.newKey(), agreementId: 'address-from-identity', legalBasis: publicTask, attributes: ['address'], purpose: 'kindergarten',
      ...more,
    });

  it('shares without consent where its agreement allows it, and the record says why', async () => {
    await town.agree('sundby', 'identity', [publicTask]);
    const citizenId = town.newKey();
    const subject = await town.link(citizenId, 'sundby');
    const { shareId } = await request({ subject });
    const yes = await town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId: 'sundby' });
    expect(yes).toMatchObject({ subject: citizenId, basis: publicTask, purpose: 'kindergarten', receiverId: 'sundby' });
    await town.register.call(ConsentServiceService.completeShare, { idempotencyKey: town.newKey(), shareId });
    const shares = (await town.events()).filter(({ envelope }) => envelope.stream === `share-${shareId.split('.')[0]}`);
    expect(shares.map(({ event }) => event.type)).toEqual(['ShareRequested', 'ShareAuthorized', 'ShareCompleted']);
    for (const { envelope } of shares) expect(envelope).toMatchObject({ subject, clientId: 'sundby', authority: { basis: publicTask, purpose: 'kindergarten' } });
  });

  it('is refused, on record, a basis its agreement does not allow', async () => {
    await town.agree('sundby', 'identity');
    await expect(request({ subject: await town.link(town.newKey(), 'sundby') })).rejects.toMatchObject({ code: 'share.basis_not_allowed' });
    expect(await refusals()).toHaveLength(1);
  });

  it('needs an agreement, and a citizen it knows', async () => {
    await expect(request({ subject: 'a'.repeat(26) })).rejects.toMatchObject({ code: 'agreement.unknown' });
    await town.agree('sundby', 'identity', [publicTask]);
    await expect(request({ subject: 'a'.repeat(26) })).rejects.toMatchObject({ code: 'consent.subject_unknown' });
    expect(await refusals()).toEqual([]);
  });
});
