import { describe, expect, it } from 'vitest';
import { given } from './index.js';
import { consent, granted, requested, type ConsentEvent } from './world.spec-kit.js';

const withdrawn: ConsentEvent = { type: 'ConsentWithdrawn', consentId: 'c', reason: 'own_wish' };
const givenConsent = given(consent);

describe('given / when / then', () => {
  it('passes when the rules say so', () => {
    givenConsent(requested()).when({ type: 'Grant' }).then(granted('grant-1'));
    givenConsent(requested()).when({ type: 'Request' }).thenNothing();
    givenConsent(requested(), withdrawn).when({ type: 'Withdraw' }).thenRefused('consent.withdrawn');
  });

  it('fails when they do not', () => {
    expect(() => givenConsent(requested()).when({ type: 'Grant' }).then(granted('grant-2'))).toThrow();
    expect(() => givenConsent(requested()).when({ type: 'Grant' }).thenNothing()).toThrow();
    expect(() => givenConsent(requested()).when({ type: 'Grant' }).thenRefused('consent.withdrawn')).toThrow(/it decided/);
    expect(() => givenConsent().when({ type: 'Withdraw' }).thenRefused('consent.withdrawn')).toThrow();
    const broken = given({ ...consent, decide: () => { throw new TypeError('a bug'); } });
    expect(() => broken().when({ type: 'Withdraw' }).thenRefused('consent.withdrawn')).toThrow(/a bug/);
  });
});
