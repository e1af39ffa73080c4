import type { Decider } from '@tillid/eventsourcing';
import { reasonAgainstAsking } from './agreement.js';
import type { BasisShareCommand, ShareEvent } from './consent.messages.js';
import { refuse, type ConsentRefusal } from './consent.refusals.js';
import { authorizeShare, completeShare, evolveShares, noShares, requestShare, type Ground, type Shares } from './shares.js';

/** One share on another legal basis than consent: a stream of its own, because nothing can withdraw it. */
export type BasisShare = { readonly status: 'none' } | { readonly status: 'opened'; readonly ground: Ground; readonly shares: Shares };

export const basisShare: Decider<BasisShareCommand, BasisShare, ShareEvent> = {
  initial: { status: 'none' },

  decide(command, state) {
    if (command.type === 'RequestBasisShare') return state.status === 'none' ? open(command) : [];
    if (state.status === 'none') throw refuse('share.unknown');
    switch (command.type) {
      case 'AuthorizeShare':
        return authorizeShare(state.shares, state.ground, command, undefined);
      case 'CompleteShare':
        return completeShare(state.shares, state.ground, command);
    }
  },

  evolve(state, event) {
    const ground = state.status === 'none' ? groundOf(event) : state.ground;
    return { status: 'opened', ground, shares: evolveShares(state.status === 'none' ? noShares : state.shares, event) };
  },
};

type RequestBasisShare = Extract<BasisShareCommand, { type: 'RequestBasisShare' }>;

function open(command: RequestBasisShare): ShareEvent[] {
  const { basisId: id, agreement } = command;
  // A purpose that the agreement does not name is the caller's own words, and nobody's own words go into the log.
  const purpose = agreement.purposes.includes(command.matter.purpose) ? command.matter.purpose : '';
  const ground: Ground = { id, agreementId: agreement.agreementId, providerId: agreement.providerId, matter: { ...command.matter, purpose } };
  return requestShare(noShares, ground, command, reasonAgainst(command));
}

function reasonAgainst({ agreement, matter, attributes, nowMs }: RequestBasisShare): ConsentRefusal | undefined {
  if (!agreement.legalBases.includes(matter.basis)) return 'share.basis_not_allowed';
  return reasonAgainstAsking(agreement, attributes, matter.purpose, nowMs);
}

function groundOf(event: ShareEvent): Ground {
  const id = event.shareId.slice(0, event.shareId.lastIndexOf('.'));
  return { id, agreementId: event.type === 'ShareRequested' ? event.agreementId : '', providerId: event.providerId, matter: event.matter };
}
