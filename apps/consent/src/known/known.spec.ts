import { describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { consentTown, dayMs, publicTask } from '../../test/consent-town.js';

const agreement = { agreementId: 'address', receiverId: 'sundby', providerId: 'identity', attributes: ['address'], purposes: ['treatment'], legalBases: [publicTask] };

describe('what another service has said and we have not heard yet', () => {
  it('is waited for, not denied', async () => {
    const town = await consentTown(undefined, { following: false });
    const registered = town.operator.call(ConsentServiceService.registerAgreement, { idempotencyKey: town.newKey(), ...agreement, expiresAt: new Date(town.clock.ms + dayMs) });
    town.follow();
    await registered;
    await town.stop();
  });

  it('is not denied either when the caller can wait no longer', async () => {
    const town = await consentTown(undefined, { following: false });
    const call = { idempotencyKey: town.newKey(), ...agreement, expiresAt: new Date(town.clock.ms + dayMs) };
    await expect(town.operator.call(ConsentServiceService.registerAgreement, call, { timeoutMs: 20 })).rejects.toMatchObject({ name: 'DeadlineExceeded' });
    await town.stop();
  });

  it('is denied when the other service has said all it knows', async () => {
    const town = await consentTown();
    await expect(town.room.known.relyingService('nobody', Infinity)).resolves.toBeUndefined();
    await expect(town.room.known.citizenAt('egebaek', 'a'.repeat(26), Infinity)).resolves.toBeUndefined();
    await town.stop();
  });
});
