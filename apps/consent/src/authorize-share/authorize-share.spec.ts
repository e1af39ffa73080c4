import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
beforeEach(async () => {
  town = await consentTown();
  await town.agree('egebaek', 'identity');
  await town.agree('egebaek', 'fjordbanken');
});
afterEach(() => town.stop());

const authorize = (provider: 'register' | 'fjordbanken', shareId: string, idempotencyKey = town.newKey(), receiverId = 'egebaek') =>
  town[provider].call(ConsentServiceService.authorizeShare, { idempotencyKey, shareId, receiverId });

describe('a provider that is shown a share', () => {
  it('hears what to release, to whom, why, and for how long', async () => {
    const { citizenId, consentId } = await town.consenting('identity');
    expect(await authorize('register', await town.share(consentId))).toEqual({
      subject: citizenId, attributes: ['address'], receiverId: 'egebaek', purpose: 'kindergarten', basis: consentId,
      validUntil: new Date(town.clock.ms + 60_000),
    });
  });

  it('knows the citizen by its own pseudonym, never by the receiver’s', async () => {
    const { citizenId, subject, consentId } = await town.consenting('fjordbanken');
    const yes = await authorize('fjordbanken', await town.share(consentId));
    expect(yes.subject).toBe(await town.link(citizenId, 'fjordbanken'));
    expect(JSON.stringify(yes)).not.toContain(subject);
    expect(JSON.stringify(yes)).not.toContain(citizenId);
  });

  it('hears the same yes again, and the share counts once', async () => {
    const { consentId } = await town.consenting('identity', { sharesPerDay: 1 });
    const shareId = await town.share(consentId);
    const yes = await authorize('register', shareId);
    town.clock.ms += 30_000;
    expect(await authorize('register', shareId)).toEqual(yes);
    expect((await town.events()).filter(({ event }) => event.type === 'ShareAuthorized')).toHaveLength(1);
  });

  it('hears its first answer when the call is repeated, also after a withdrawal', async () => {
    const { citizenId, consentId } = await town.consenting('identity');
    const shareId = await town.share(consentId);
    const key = town.newKey();
    const yes = await authorize('register', shareId, key);
    await town.withdraw(consentId, citizenId);
    expect(await authorize('register', shareId, key)).toEqual(yes);
    await expect(authorize('register', shareId)).rejects.toMatchObject({ code: 'consent.withdrawn' });
  });

  it('hears no after a withdrawal, on record, and the same no when the call is repeated', async () => {
    const { citizenId, consentId } = await town.consenting('identity');
    const shareId = await town.share(consentId);
    await town.withdraw(consentId, citizenId);
    const key = town.newKey();
    await expect(authorize('register', shareId, key)).rejects.toMatchObject({ code: 'consent.withdrawn' });
    await expect(authorize('register', shareId, key)).rejects.toMatchObject({ code: 'consent.withdrawn' });
    const refused = (await town.events()).filter(({ event }) => event.type === 'ShareRefused');
    expect(refused.map(({ envelope }) => envelope.outcome?.reason)).toEqual(['consent.withdrawn']);
  });

  it('hears no beyond the cap, and yes the next day', async () => {
    const { consentId } = await town.consenting('identity', { sharesPerDay: 1 });
    const [first, second] = [await town.share(consentId), await town.share(consentId)];
    await authorize('register', first);
    await expect(authorize('register', second)).rejects.toMatchObject({ code: 'share.frequency_cap' });
    town.clock.ms += 86_400_000;
    await authorize('register', await town.share(consentId));
  });

  it('is told nothing about another provider’s share', async () => {
    const { consentId } = await town.consenting('identity');
    await expect(authorize('fjordbanken', await town.share(consentId))).rejects.toMatchObject({ code: 'share.not_the_provider' });
  });

  it('is not the register because it calls itself "identity"', async () => {
    const { consentId } = await town.consenting('identity');
    const impostor = town.client('relying_service', 'identity');
    await expect(impostor.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId: await town.share(consentId), receiverId: 'egebaek' })).rejects.toMatchObject({ code: 'share.not_the_provider' });
  });

  it('learns nothing about a share that somebody else brings, and the receiver’s yes is still unspent', async () => {
    const { consentId } = await town.consenting('identity', { sharesPerDay: 1 });
    const shareId = await town.share(consentId);
    const before = (await town.events()).length;
    await expect(authorize('register', shareId, town.newKey(), 'sundby')).rejects.toMatchObject({ code: 'share.unknown' });
    await expect(authorize('register', shareId, town.newKey(), '')).rejects.toMatchObject({ code: 'share.unknown' });
    expect(await town.events()).toHaveLength(before);
    expect((await authorize('register', shareId)).attributes).toEqual(['address']);
  });

  it('knows no share that is not there', async () => {
    for (const shareId of ['', 'x', `${'a'.repeat(26)}.1`, `${'a'.repeat(26)}.0`]) await expect(authorize('register', shareId)).rejects.toMatchObject({ code: 'share.unknown' });
  });
});

describe('what an event about a share tells', () => {
  it('has the receiver’s pseudonym and nothing of the citizen that others know', async () => {
    const { citizenId, subject, consentId } = await town.consenting('fjordbanken');
    const { subject: atProvider } = await authorize('fjordbanken', await town.share(consentId));
    const events = (await town.events()).filter(({ envelope }) => envelope.stream === `consent-${consentId}`);
    expect(events.map(({ event }) => event.type)).toEqual(['ConsentRequested', 'ConsentGranted', 'ShareRequested', 'ShareAuthorized']);
    for (const { envelope, bytes } of events) {
      expect(envelope).toMatchObject({ subject, clientId: 'egebaek', authority: { basis: consentId, purpose: 'kindergarten' } });
      expect(Buffer.from(bytes).includes(citizenId)).toBe(false);
      expect(Buffer.from(bytes).includes(atProvider)).toBe(false);
    }
  });
});
