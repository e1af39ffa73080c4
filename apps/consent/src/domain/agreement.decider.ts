import type { AgreementRegistered } from '@tillid/contracts/consent/v1/events';
import type { Decider } from '@tillid/eventsourcing';
import type { Agreement } from './consent.messages.js';
import { refuse } from './consent.refusals.js';

export type AgreementEvent = { readonly type: 'AgreementRegistered' } & Readonly<AgreementRegistered>;
export type AgreementCommand = { readonly type: 'RegisterAgreement' } & Readonly<AgreementRegistered>;
export type AgreementState = Agreement | undefined;

/** Registered once. Another one of the same name would change what citizens have already said yes to. */
export const agreement: Decider<AgreementCommand, AgreementState, AgreementEvent> = {
  initial: undefined,
  decide(command, state) {
    if (state) throw refuse('agreement.taken');
    return [{ ...command, type: 'AgreementRegistered' }];
  },
  evolve(_state, event) {
    const { type: _, ...registered } = event;
    return registered;
  },
};
