import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { describe, expect, it } from 'vitest';
import { consentTown } from '../../test/consent-town.js';

const limitMs = 60_000;

describe('a municipality that asks while audit is away', () => {
  it('is refused and nothing is stored; a citizen can still withdraw; and it goes on when audit is back', async () => {
    const town = await consentTown();
    try {
      await town.agree('egebaek', 'fjordbanken');
      const { consentId, citizenId } = await town.consenting('fjordbanken');
      const authorize = (shareId: string) => town.fjordbanken.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId: 'egebaek' });
      const asked = [await town.share(consentId), await town.share(consentId)] as const;
      await authorize(asked[0]);
      await town.auditHas(undefined);
      await town.auditHas(0);
      await authorize(asked[1]);
      town.clock.ms += limitMs + 1;
      const before = (await town.events()).length;
      await expect(town.share(consentId)).rejects.toThrow('audit.unavailable');
      await expect(authorize(asked[1])).rejects.toThrow('audit.unavailable');
      expect(await town.events()).toHaveLength(before);
      await town.withdraw(consentId, citizenId);
      await town.auditHas(Infinity);
      await expect(town.share(consentId)).rejects.toThrow('consent.withdrawn');
    } finally {
      await town.stop();
    }
  });
});
