import { IdentityServiceService } from '@tillid/contracts/identity/v1/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { address, eid, type IdentityTown, identityTown } from '../../test/identity-town.js';

const shareId = 'consentofida.1';
let town: IdentityTown;
let citizenId: string;
beforeEach(async () => {
  town = await identityTown();
  citizenId = await town.register({ email: '' });
  share();
  return () => town.stop();
});

function share(refusal?: string): void {
  town.shares.set(shareId, { receiverId: 'egebaek', citizenId, attributes: [address, `${eid}email`], status: 'requested', ...(refusal && { refusal }) });
}
const collect = (by: 'egebaek' | 'sundby' = 'egebaek', idempotencyKey = town.newKey()) => town[by].call(IdentityServiceService.releaseAttributes, { idempotencyKey, shareId });
const theAddress = { attributes: [{ name: address, value: 'Havnegade 17, 5000 Odense C' }] };

describe('releasing what a citizen allowed', () => {
  it('gives the share’s receiver what is held of it, records it there, and says it is done', async () => {
    expect(await collect()).toEqual(theAddress);
    expect(town.shares.get(shareId)!.status).toBe('completed');
    const [released] = await town.events('AttributesReleased');
    expect(released!.event).toEqual({ type: 'AttributesReleased', shareId, attributes: [address] });
    const pseudonym = await town.linkSubject(citizenId, 'egebaek');
    expect(released!.envelope).toMatchObject({ subject: pseudonym, clientId: 'egebaek', authority: { basis: 'consentofida', purpose: 'https://w3id.org/dpv#ServiceProvision' } });
    expect(Buffer.from(released!.bytes).includes(Buffer.from(citizenId))).toBe(false);
    expect(Buffer.from(released!.bytes).includes(Buffer.from('Havnegade'))).toBe(false);
  });

  it('tells another client nothing, and leaves the receiver’s yes unspent', async () => {
    await expect(collect('sundby')).rejects.toMatchObject({ code: 'share.unknown' });
    expect(await town.events('AttributesReleased')).toEqual([]);
    expect(await collect()).toEqual(theAddress);
  });

  it.each([
    ['consent.withdrawn', 'share.refused'],
    ['share.frequency_cap', 'share.refused'],
    ['share.not_the_provider', 'share.unknown'],
  ])('does not happen when consent says %s', async (refusal, code) => {
    share(refusal);
    await expect(collect()).rejects.toMatchObject({ code });
    expect(await town.events('AttributesReleased')).toEqual([]);
  });

  it('does not happen for a share that never was, or a citizen who is closed', async () => {
    town.shares.clear();
    await expect(collect()).rejects.toMatchObject({ code: 'share.unknown' });
    share();
    await town.close(citizenId);
    await expect(collect()).rejects.toMatchObject({ code: 'identity.citizen_closed' });
    expect(town.shares.get(shareId)!.status).toBe('authorized');
  });

  it('happens once: another call for the same share is refused', async () => {
    await collect();
    await expect(collect()).rejects.toMatchObject({ code: 'share.refused' });
    expect(await town.events('AttributesReleased')).toHaveLength(1);
  });

  it.each(['authorizeShare', 'linkSubject', 'completeShare'].flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]))(
    'is mended by the same call when %s fails, %s it did its part',
    async (step, when) => {
      const key = town.newKey();
      town.failing.set(step, when);
      await expect(collect('egebaek', key)).rejects.toMatchObject({ kind: 'unknown_outcome' });
      expect(await collect('egebaek', key)).toEqual(theAddress);
      expect(await town.events('AttributesReleased')).toHaveLength(1);
      expect(town.shares.get(shareId)!.status).toBe('completed');
    },
  );

  it('repeats the same values to the same call within the minute', async () => {
    const key = town.newKey();
    await collect('egebaek', key);
    town.clock.ms += 59_999;
    expect(await collect('egebaek', key)).toEqual(theAddress);
    expect(await town.events('AttributesReleased')).toHaveLength(1);
  });

  it('gives nothing after the minute, but still completes what it recorded in it', async () => {
    const key = town.newKey();
    town.failing.set('completeShare', 'before');
    await expect(collect('egebaek', key)).rejects.toMatchObject({ kind: 'unknown_outcome' });
    town.clock.ms += 60_000;
    await expect(collect('egebaek', key)).rejects.toMatchObject({ code: 'share.refused' });
    expect(town.shares.get(shareId)!.status).toBe('completed');
  });

  it('records nothing when the minute passed before it got that far', async () => {
    const key = town.newKey();
    town.failing.set('authorizeShare', 'after');
    await expect(collect('egebaek', key)).rejects.toMatchObject({ kind: 'unknown_outcome' });
    town.clock.ms += 60_000;
    await expect(collect('egebaek', key)).rejects.toMatchObject({ code: 'share.refused' });
    expect(await town.events('AttributesReleased')).toEqual([]);
  });
});
