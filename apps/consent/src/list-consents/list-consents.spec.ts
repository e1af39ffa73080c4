import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { Refused } from '@tillid/kernel';
import { consentTown, dayMs, text, textHash, type ConsentTown } from '../../test/consent-town.js';

let town: ConsentTown;
let citizenId: string;
beforeEach(async () => {
  town = await consentTown();
  citizenId = town.newKey();
  await town.agree('egebaek', 'identity');
});
afterEach(() => town.stop());

const list = async (more: object = {}, by = citizenId) => {
  const minPosition = `consent/0@${(await town.stores.events.head()).position}`;
  return town.portal.call(ConsentServiceService.listConsents, more, { ...town.by(by), minPosition });
};

describe('a citizen who reads their consents', () => {
  it('sees what was asked, what was granted, and how often it was used', async () => {
    const { consentId, citizenId: own } = await town.consenting('identity');
    await town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId: await town.share(consentId), receiverId: 'egebaek' });
    const { consents } = await list({}, own);
    expect(consents).toEqual([
      {
        consentId, receiverId: 'egebaek', providerId: 'identity', status: 'granted', requestedAttributes: ['address', 'fullName'], grantedAttributes: ['address'],
        purpose: 'kindergarten', text, textHash, textVersion: '1', language: 'da', expiresAt: new Date(town.clock.ms + 30 * dayMs),
        sharesPerDay: 0, retentionDays: 30, requestedAt: new Date(town.clock.ms), shares: 1,
      },
    ]);
  });

  it('sees what has run out as expired, though nothing was appended', async () => {
    const { citizenId: own } = await town.consenting('identity');
    town.clock.ms += 30 * dayMs;
    expect((await list({}, own)).consents.map(({ status }) => status)).toEqual(['expired']);
  });

  it('sees the withdrawal they just made, in a list that waits for it', async () => {
    const { consentId, citizenId: own } = await town.consenting('identity');
    await town.withdraw(consentId, own);
    expect((await list({}, own)).consents.map(({ status }) => status)).toEqual(['withdrawn']);
  });

  it('sees no one else’s', async () => {
    await town.consenting('identity');
    expect(await list()).toEqual({ consents: [], nextPageToken: '' });
  });

  it('reads on where the page ended, newest first, over all receivers', async () => {
    const subjects = [await town.link(citizenId, 'egebaek'), await town.link(citizenId, 'sundby')];
    await town.agree('sundby', 'identity');
    const asked: string[] = [];
    for (let count = 0; count < 7; count++) {
      town.clock.ms += count % 3;
      const request = {
        idempotencyKey: town.newKey(), agreementId: 'address-from-identity', subject: subjects.at(count % 2) ?? '', attributes: ['address'], purpose: 'kindergarten',
        text, textVersion: '1', language: 'da', expiresAt: new Date(town.clock.ms + dayMs),
      };
      const receiver = count % 2 === 0 ? town.egebaek : town.sundby;
      asked.push((await receiver.call(ConsentServiceService.requestConsent, request)).consentId);
    }
    const read: { consentId: string; requestedAt: Date | undefined }[] = [];
    let pageToken = '';
    do {
      const page = await list({ pageToken, pageSize: 2 });
      expect(page.consents.length).toBeLessThanOrEqual(2);
      read.push(...page.consents);
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(read.map(({ consentId }) => consentId).toSorted()).toEqual(asked.toSorted());
    const times = read.map(({ requestedAt }) => requestedAt!.getTime());
    expect(times).toEqual(times.toSorted((left, right) => right - left));
  });

  it('still sees what was shared when the key to the texts is destroyed', async () => {
    const { citizenId: own } = await town.consenting('identity');
    town.room.peers.citizenKey = () => Promise.reject(new Refused('key_ring.key_destroyed', 'precondition'));
    expect((await list({}, own)).consents.map(({ text: shown, status }) => ({ shown, status }))).toEqual([{ shown: '', status: 'granted' }]);
  });

  it('cannot read on from nonsense', async () => {
    await expect(list({ pageToken: '../etc' })).rejects.toMatchObject({ code: 'call.malformed' });
    await expect(list({ pageSize: 101 })).rejects.toMatchObject({ code: 'call.malformed' });
  });
});
