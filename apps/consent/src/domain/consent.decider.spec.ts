import { describe, it } from 'vitest';
import { given } from '@tillid/eventsourcing';
import { consent } from './consent.decider.js';
import type { ConsentCommand, ConsentEvent, Matter } from './consent.messages.js';
import { limits } from './limits.js';

const nowMs = Date.UTC(2026, 10, 24, 9);
const dayMs = 86_400_000;
const consentId = 'a'.repeat(26);
const textHash = Buffer.alloc(32, 1);
const attributes = ['address', 'fullName'];
const matter: Matter = { receiverId: 'egebaek', subject: 'b'.repeat(26), basis: consentId, purpose: 'kindergarten' };
const at = { matter, atMs: nowMs };
const agreement = { agreementId: 'kindergarten', receiverId: 'egebaek', providerId: 'identity', attributes, purposes: ['kindergarten'], legalBases: [], expiresAtMs: nowMs + 90 * dayMs };
const expiresAtMs = nowMs + 30 * dayMs;

const terms = { consentId, attributes, purpose: 'kindergarten', textHash, textVersion: '1', language: 'da', expiresAtMs, sharesPerDay: 2, retentionDays: 30 };
const requested: ConsentEvent = { type: 'ConsentRequested', ...terms, providerId: 'identity', agreementId: 'kindergarten', ...at };
const granted: ConsentEvent = { type: 'ConsentGranted', consentId, grantId: 'grant-1', attributes: ['address'], textHash, expiresAtMs, ...at };
const refused: ConsentEvent = { type: 'ConsentRefused', consentId, ...at };
const withdrawn: ConsentEvent = { type: 'ConsentWithdrawn', consentId, reason: 'own_wish', ...at };
const shareRequested = (number: number, atMs = nowMs): ConsentEvent => ({ type: 'ShareRequested', shareId: `${consentId}.${number}`, providerId: 'identity', attributes: ['address'], agreementId: 'kindergarten', matter, atMs });
const shareAuthorized = (number: number, atMs = nowMs): ConsentEvent => ({
  type: 'ShareAuthorized', shareId: `${consentId}.${number}`, providerId: 'identity', attributes: ['address'],
  validUntilMs: atMs + limits.authorizationMs, matter, atMs,
});
const shareRefused = (number: number, reason: Extract<ConsentEvent, { type: 'ShareRefused' }>['reason'], atMs = nowMs): ConsentEvent => ({ type: 'ShareRefused', shareId: `${consentId}.${number}`, providerId: 'identity', reason, matter, atMs });
const shareCompleted: ConsentEvent = { type: 'ShareCompleted', shareId: `${consentId}.1`, providerId: 'identity', ...at };

const ask = { type: 'RequestConsent', ...terms, receiverId: 'egebaek', subject: matter.subject, agreement, citizenClosed: false, nowMs } as const;
const grant = { type: 'GrantConsent', grantId: 'grant-1', attributes: ['address'], textHash, citizenClosed: false, nowMs } as const;
const refuse: ConsentCommand = { type: 'RefuseConsent', nowMs };
const withdraw: ConsentCommand = { type: 'WithdrawConsent', reason: 'own_wish', nowMs };
const close: ConsentCommand = { type: 'WithdrawConsent', reason: 'citizen_closed', nowMs };
const share = { type: 'RequestShare', receiverId: 'egebaek', attributes: ['address'], purpose: 'kindergarten', nowMs, recordsRefusal: true } as const;
const authorize = { type: 'AuthorizeShare', number: 1, providerId: 'identity', nowMs } as const;
const complete = { type: 'CompleteShare', number: 1, providerId: 'identity', nowMs } as const;
const givenConsent = given(consent);

describe('a service that asks for consent', () => {
  it('asks within its agreement', () => givenConsent().when(ask).then(requested));
  it('changes nothing by asking again', () => givenConsent(requested).when(ask).thenNothing());
  it('may not ask for what its agreement does not name', () => givenConsent().when({ ...ask, attributes: ['cprNumber'] }).thenRefused('agreement.does_not_allow'));
  it('may not ask for another purpose', () => givenConsent().when({ ...ask, purpose: 'marketing' }).thenRefused('agreement.does_not_allow'));
  it('may not ask under an agreement that has ended', () => givenConsent().when({ ...ask, nowMs: agreement.expiresAtMs }).thenRefused('agreement.expired'));
  it('may not ask for the past', () => givenConsent().when({ ...ask, expiresAtMs: nowMs }).thenRefused('consent.expiry_in_past'));
  it('may not ask for longer than its agreement lasts', () => givenConsent().when({ ...ask, expiresAtMs: agreement.expiresAtMs + 1 }).thenRefused('consent.expiry_too_far'));
});

describe('a citizen who is asked', () => {
  it('allows a part of what was asked', () => givenConsent(requested).when(grant).then(granted));
  it('may allow it for a shorter time', () => givenConsent(requested).when({ ...grant, expiresAtMs: nowMs + 1 }).then({ ...granted, expiresAtMs: nowMs + 1 }));
  it('cannot be made to allow more than was asked', () => givenConsent(requested).when({ ...grant, attributes: ['cprNumber'] }).thenRefused('call.malformed'));
  it('cannot allow it for longer than was asked', () => givenConsent(requested).when({ ...grant, expiresAtMs: expiresAtMs + 1 }).thenRefused('call.malformed'));
  it('allows nothing when another text was shown', () => givenConsent(requested).when({ ...grant, textHash: Buffer.alloc(32, 2) }).thenRefused('consent.text_differs'));
  it('cannot allow it when the time is over', () => givenConsent(requested).when({ ...grant, nowMs: expiresAtMs }).thenRefused('consent.expired'));
  it('cannot allow what nobody asked for', () => givenConsent().when(grant).thenRefused('consent.unknown'));
  it('changes nothing when the same grant arrives again', () => givenConsent(requested, granted).when(grant).thenNothing());
  it('cannot allow it twice', () => givenConsent(requested, granted).when({ ...grant, grantId: 'grant-2' }).thenRefused('consent.granted_already'));
  it('may say no', () => givenConsent(requested).when(refuse).then(refused));
  it('changes nothing by saying no again', () => givenConsent(requested, refused).when(refuse).thenNothing());
  it('cannot say yes after no', () => givenConsent(requested, refused).when(grant).thenRefused('consent.refused'));
  it('withdraws rather than refuses what was allowed', () => givenConsent(requested, granted).when(refuse).thenRefused('consent.granted_already'));
  it('has nothing to withdraw yet', () => givenConsent(requested).when(withdraw).thenRefused('consent.never_granted'));
  it('has nothing to withdraw after saying no', () => givenConsent(requested, refused).when(withdraw).thenRefused('consent.never_granted'));
});

describe('a citizen who has withdrawn', () => {
  it('withdraws at once', () => givenConsent(requested, granted).when(withdraw).then(withdrawn));
  it('may withdraw what has run out', () => givenConsent(requested, granted).when({ ...withdraw, nowMs: expiresAtMs }).then({ ...withdrawn, atMs: expiresAtMs }));
  it('changes nothing by withdrawing again', () => givenConsent(requested, granted, withdrawn).when(withdraw).thenNothing());
  it('stays withdrawn when the old grant is retried late', () => givenConsent(requested, granted, withdrawn).when(grant).thenNothing());
  it('stays withdrawn when another grant arrives', () => givenConsent(requested, granted, withdrawn).when({ ...grant, grantId: 'grant-2' }).thenRefused('consent.withdrawn'));
  it('cannot refuse it as well', () => givenConsent(requested, granted, withdrawn).when(refuse).thenRefused('consent.withdrawn'));
  it('is not shared about any more, and reads that it was tried', () => givenConsent(requested, granted, withdrawn).when(share).then(shareRefused(1, 'consent.withdrawn')));
  it('is not shared about though the share was asked for before', () =>
    givenConsent(requested, granted, shareRequested(1), withdrawn).when(authorize).then(shareRefused(1, 'consent.withdrawn')));
  it('is not shared about a second time within the minute of a yes', () =>
    givenConsent(requested, granted, shareRequested(1), shareAuthorized(1), withdrawn).when(authorize).thenRefused('consent.withdrawn'));
  it('still reads that what was handed over before was handed over', () =>
    givenConsent(requested, granted, shareRequested(1), shareAuthorized(1), withdrawn).when(complete).then(shareCompleted));
});

describe('a citizen who is gone', () => {
  const closed = { ...withdrawn, reason: 'citizen_closed' };
  it('has what was allowed withdrawn', () => givenConsent(requested, granted).when(close).then(closed));
  it('has what was only asked withdrawn, so that no late grant follows', () => givenConsent(requested).when(close).then(closed));
  it('cannot be made to allow it afterwards', () => givenConsent(requested, closed).when(grant).thenRefused('consent.withdrawn'));
  it('is not asked', () => givenConsent().when({ ...ask, citizenClosed: true }).thenRefused('consent.subject_unknown'));
  it('grants nothing that was asked in the very moment', () => givenConsent(requested).when({ ...grant, citizenClosed: true }).thenRefused('consent.withdrawn'));
  it('keeps their no', () => givenConsent(requested, refused).when(close).thenNothing());
  it('keeps their own withdrawal', () => givenConsent(requested, granted, withdrawn).when(close).thenNothing());
});

describe('a receiver that wants to share', () => {
  it('gets a number on the consent', () => givenConsent(requested, granted).when(share).then(shareRequested(1)));
  it('gets the next number', () => givenConsent(requested, granted, shareRequested(1), shareRefused(2, 'share.purpose_differs')).when(share).then(shareRequested(3)));
  it('is refused, on record, before the citizen has answered', () => givenConsent(requested).when(share).then(shareRefused(1, 'consent.never_granted')));
  it('is refused, on record, after a no', () => givenConsent(requested, refused).when(share).then(shareRefused(1, 'consent.refused')));
  it('is refused, on record, what was asked for but not granted', () =>
    givenConsent(requested, granted).when({ ...share, attributes: ['address', 'fullName'] }).then(shareRefused(1, 'share.attributes_not_granted')));
  it('is refused, on record, for another purpose', () => givenConsent(requested, granted).when({ ...share, purpose: 'marketing' }).then(shareRefused(1, 'share.purpose_differs')));
  it('is refused, on record, from the very millisecond of expiry', () =>
    givenConsent(requested, granted).when({ ...share, nowMs: expiresAtMs }).then(shareRefused(1, 'consent.expired', expiresAtMs)));
  it('is refused, on record, beyond the cap of the day', () =>
    givenConsent(requested, granted, shareRequested(1), shareAuthorized(1), shareRequested(2), shareAuthorized(2)).when(share).then(shareRefused(3, 'share.frequency_cap')));
  it('may share again the next day', () => {
    const tomorrow = nowMs + dayMs;
    givenConsent(requested, granted, shareRequested(1), shareAuthorized(1), shareRequested(2), shareAuthorized(2)).when({ ...share, nowMs: tomorrow }).then(shareRequested(3, tomorrow));
  });
  it('is refused without a record when it was refused too often this minute', () => givenConsent(requested).when({ ...share, recordsRefusal: false }).thenRefused('consent.never_granted'));
  it('finds no consent that another receiver has', () => givenConsent(requested, granted).when({ ...share, receiverId: 'fjordbanken' }).thenRefused('consent.unknown'));
  it('waits when too many of its shares are under way', () => {
    const many = Array.from({ length: limits.sharesRemembered }, (_, index) => shareRequested(index + 1));
    givenConsent(requested, granted, ...many).when(share).thenRefused('call.too_many');
    const later = nowMs + limits.shareRequestMs;
    givenConsent(requested, granted, ...many).when({ ...share, nowMs: later }).then(shareRequested(limits.sharesRemembered + 1, later));
  });
});

describe('a provider that is shown a share', () => {
  it('hears yes, for a minute', () => givenConsent(requested, granted, shareRequested(1)).when(authorize).then(shareAuthorized(1)));
  it('hears the same yes within that minute, and it counts once', () => givenConsent(requested, granted, shareRequested(1), shareAuthorized(1)).when(authorize).thenNothing());
  it('hears no when the minute is over', () =>
    givenConsent(requested, granted, shareRequested(1), shareAuthorized(1)).when({ ...authorize, nowMs: nowMs + limits.authorizationMs }).thenRefused('share.expired'));
  it('hears no, on record, when the share waited too long', () => {
    const late = nowMs + limits.shareRequestMs;
    givenConsent(requested, granted, shareRequested(1)).when({ ...authorize, nowMs: late }).then(shareRefused(1, 'share.expired', late));
  });
  it('hears no, on record, when the consent ran out in between', () => {
    givenConsent({ ...requested, expiresAtMs: nowMs + 10 }, { ...granted, expiresAtMs: nowMs + 10 }, shareRequested(1)).when({ ...authorize, nowMs: nowMs + 10 }).then(shareRefused(1, 'consent.expired', nowMs + 10));
  });
  it('hears no, on record, when others used up the day in between', () =>
    givenConsent(requested, granted, shareRequested(1), shareRequested(2), shareRequested(3), shareAuthorized(2), shareAuthorized(3)).when(authorize).then(shareRefused(1, 'share.frequency_cap')));
  it('hears the same no again, recorded once', () => givenConsent(requested, granted, shareRequested(1), shareRefused(1, 'consent.withdrawn')).when(authorize).thenRefused('consent.withdrawn'));
  it('knows no share that was never asked for', () => givenConsent(requested, granted).when(authorize).thenRefused('share.unknown'));
  it('is told nothing about a share with another provider', () => givenConsent(requested, granted, shareRequested(1)).when({ ...authorize, providerId: 'sundby' }).thenRefused('share.not_the_provider'));
  it('cannot use a share that is done', () => givenConsent(requested, granted, shareRequested(1), shareAuthorized(1), shareCompleted).when(authorize).thenRefused('share.expired'));
  it('cannot use one that is too old to be remembered', () => {
    const many = Array.from({ length: limits.sharesRemembered + 1 }, (_, index) => shareRequested(index + 1));
    givenConsent(requested, granted, ...many).when(authorize).thenRefused('share.expired');
  });
});

describe('a provider that has handed over', () => {
  it('says so', () => givenConsent(requested, granted, shareRequested(1), shareAuthorized(1)).when(complete).then(shareCompleted));
  it('may say so late', () => givenConsent(requested, granted, shareRequested(1), shareAuthorized(1)).when({ ...complete, nowMs: nowMs + dayMs }).then({ ...shareCompleted, atMs: nowMs + dayMs }));
  it('changes nothing by saying so again', () => givenConsent(requested, granted, shareRequested(1), shareAuthorized(1), shareCompleted).when(complete).thenNothing());
  it('cannot say so without a yes', () => givenConsent(requested, granted, shareRequested(1)).when(complete).thenRefused('share.not_authorized'));
  it('cannot say so after a no', () => givenConsent(requested, granted, shareRequested(1), shareRefused(1, 'consent.withdrawn')).when(complete).thenRefused('share.not_authorized'));
  it('cannot say so for another provider', () => givenConsent(requested, granted, shareRequested(1), shareAuthorized(1)).when({ ...complete, providerId: 'sundby' }).thenRefused('share.not_the_provider'));
});
