import { describe, it } from 'vitest';
import { given } from '@tillid/eventsourcing';
import { agreement as agreementDecider, type AgreementCommand } from './agreement.decider.js';
import { basisShare } from './basis-share.decider.js';
import type { Agreement, Matter, ShareEvent } from './consent.messages.js';
import { limits } from './limits.js';

const nowMs = Date.UTC(2026, 10, 24, 9);
const basisId = 'c'.repeat(26);
const publicTask = 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e';
const agreement: Agreement = { agreementId: 'next-of-kin', receiverId: 'sundby', providerId: 'identity', attributes: ['address'], purposes: ['treatment'], legalBases: [publicTask], expiresAtMs: nowMs + 1000 };
const matter: Matter = { receiverId: 'sundby', subject: 'd'.repeat(26), basis: publicTask, purpose: 'treatment' };
const at = { matter, atMs: nowMs };
const about = { shareId: `${basisId}.1`, providerId: 'identity' };
const request = { type: 'RequestBasisShare', basisId, agreement, matter, attributes: ['address'], nowMs, recordsRefusal: true } as const;
const requested: ShareEvent = { type: 'ShareRequested', ...about, attributes: ['address'], agreementId: 'next-of-kin', ...at };
const authorized: ShareEvent = { type: 'ShareAuthorized', ...about, attributes: ['address'], validUntilMs: nowMs + limits.authorizationMs, ...at };
const refused = (reason: Extract<ShareEvent, { type: 'ShareRefused' }>['reason']): ShareEvent => ({ type: 'ShareRefused', ...about, reason, ...at });
const authorize = { type: 'AuthorizeShare', number: 1, providerId: 'identity', nowMs } as const;
const complete = { type: 'CompleteShare', number: 1, providerId: 'identity', nowMs } as const;
const givenShare = given(basisShare);

describe('a hospital that reads on its public task', () => {
  it('may, when its agreement says so', () => givenShare().when(request).then(requested));
  it('changes nothing by asking again', () => givenShare(requested).when(request).thenNothing());
  it('may not, on record, on a basis its agreement does not name', () => {
    const contract = { ...matter, basis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-b' };
    givenShare().when({ ...request, matter: contract }).then({ ...refused('share.basis_not_allowed'), matter: contract });
  });
  it('may not, on record, read more', () => givenShare().when({ ...request, attributes: ['cprNumber'] }).then(refused('share.attributes_not_granted')));
  it('may not, on record but without its own words, for another purpose', () =>
    givenShare().when({ ...request, matter: { ...matter, purpose: 'about-Mette-Jensen' } }).then({ ...refused('share.purpose_differs'), matter: { ...matter, purpose: '' } }));
  it('may not, on record, when its agreement has ended', () =>
    givenShare().when({ ...request, nowMs: agreement.expiresAtMs }).then({ ...refused('agreement.expired'), atMs: agreement.expiresAtMs }));
  it('is refused without a record when it was refused too often', () => givenShare().when({ ...request, attributes: ['cprNumber'], recordsRefusal: false }).thenRefused('share.attributes_not_granted'));
});

describe('the register it reads from', () => {
  it('hears yes', () => givenShare(requested).when(authorize).then(authorized));
  it('hears the same yes again', () => givenShare(requested, authorized).when(authorize).thenNothing());
  it('hears no for what was refused', () => givenShare(refused('share.basis_not_allowed')).when(authorize).thenRefused('share.expired'));
  it('knows no other number', () => givenShare(requested).when({ ...authorize, number: 2 }).thenRefused('share.unknown'));
  it('knows no share that was never asked for', () => givenShare().when(authorize).thenRefused('share.unknown'));
  it('says that it was handed over, once', () => {
    const completed: ShareEvent = { type: 'ShareCompleted', ...about, ...at };
    givenShare(requested, authorized).when(complete).then(completed);
    givenShare(requested, authorized, completed).when(complete).thenNothing();
  });
});

describe('an agreement', () => {
  const { agreementId, receiverId, providerId, expiresAtMs } = agreement;
  const registered = { agreementId, receiverId, providerId, expiresAtMs, attributes: ['address'], purposes: ['treatment'], legalBases: [publicTask] };
  const register: AgreementCommand = { type: 'RegisterAgreement', ...registered };
  const event = { type: 'AgreementRegistered', ...registered } as const;
  const givenAgreement = given(agreementDecider);
  it('is registered', () => givenAgreement().when(register).then(event));
  it('is never changed: citizens have said yes under it', () => givenAgreement(event).when({ ...register, attributes: ['cprNumber'] }).thenRefused('agreement.taken'));
});
