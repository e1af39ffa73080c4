import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { sources } from '../read-models.js';
import { consentTown, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
beforeEach(async () => {
  town = await consentTown();
  await town.agree('egebaek', 'identity');
});
afterEach(() => town.stop());

const close = async (citizenId: string) => {
  await town.closeCitizen(citizenId);
  expect(await town.progress.waitFor('on-citizen-closed', sources.identity, 1, AbortSignal.timeout(10_000))).toBe(true);
};

describe('a citizen who is gone', () => {
  it('has every consent withdrawn, what was only asked included, and no one else’s', async () => {
    const { citizenId, subject, consentId: granted } = await town.consenting('identity');
    const asked = await town.ask('address-from-identity', subject);
    const { consentId: others } = await town.consenting('identity');
    await close(citizenId);
    const withdrawn = (await town.events()).filter(({ event }) => event.type === 'ConsentWithdrawn');
    expect(withdrawn.map(({ envelope }) => envelope.stream).toSorted()).toEqual([`consent-${granted}`, `consent-${asked}`].toSorted());
    for (const { event, envelope } of withdrawn) {
      expect(event).toMatchObject({ reason: 'citizen_closed' });
      expect(envelope).toMatchObject({ subject, clientId: 'egebaek', actor: { id: 'consent' } });
    }
    await expect(town.share(granted)).rejects.toMatchObject({ code: 'consent.withdrawn' });
    await town.share(others);
  });

  it('is not asked any more', async () => {
    const citizenId = town.newKey();
    const subject = await town.link(citizenId, 'egebaek');
    await close(citizenId);
    await expect(town.ask('address-from-identity', subject)).rejects.toMatchObject({ code: 'consent.subject_unknown' });
  });

  it('cannot have been granted for in between', async () => {
    const { citizenId } = await town.consenting('identity');
    const asked = await town.ask('address-from-identity', await town.link(citizenId, 'egebaek'));
    await close(citizenId);
    await expect(town.portal.call(ConsentServiceService.grantConsent, { idempotencyKey: town.newKey(), consentId: asked, grantId: town.newKey(), attributes: ['address'], textHash: Buffer.alloc(32) }, town.by(citizenId))).rejects.toMatchObject({ code: 'consent.withdrawn' });
  });
});
