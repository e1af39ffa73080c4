import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { Decider } from '@tillid/eventsourcing';
import { type IdentityProof, type Proved, proveIdentity, withoutProposals, withProposal } from './identity-proof.js';
import type { CitizenEvent } from './identity.messages.js';
import { refuse } from './identity.refusals.js';

export type CitizenCommand =
  | { readonly type: 'RegisterCitizen'; readonly citizenId: string; readonly detailsId: string; readonly nationalNumberHmac: Buffer; readonly attributes: readonly string[] }
  | ({ readonly type: 'ProveIdentity'; readonly citizenId: string; readonly officialId: string } & IdentityProof)
  | { readonly type: 'BlockCitizen'; readonly citizenId: string; readonly reason: string }
  | { readonly type: 'UnblockCitizen'; readonly citizenId: string }
  | { readonly type: 'CloseCitizen'; readonly citizenId: string; readonly reason: string; readonly destroyKey: boolean };

export interface Citizen extends Proved {
  readonly status: 'none' | 'active' | 'blocked' | 'closed';
  /** The vault record of the values. */
  readonly detailsId: string;
  readonly nationalNumberHmac: Buffer;
}

/** Stream citizen-<id>: who the citizen is, how surely, and whether the key may work. */
export const citizen: Decider<CitizenCommand, Citizen, CitizenEvent> = {
  initial: { status: 'none', level: AssuranceLevel.UNSPECIFIED, detailsId: '', nationalNumberHmac: Buffer.alloc(0), proposals: [] },

  decide(command, state) {
    const { citizenId } = command;
    if (command.type === 'RegisterCitizen') {
      // Ids are fresh, so this is another number's citizen only when an id was used twice.
      if (state.status !== 'none') throw refuse('identity.national_number_taken');
      const { detailsId, nationalNumberHmac, attributes } = command;
      return [{ type: 'CitizenRegistered', citizenId, detailsId, nationalNumberHmac, attributes: [...attributes] }];
    }
    if (state.status === 'none') throw refuse('identity.citizen_unknown');
    switch (command.type) {
      case 'ProveIdentity':
        if (state.status === 'closed') throw refuse('identity.citizen_closed');
        return [proveIdentity(command, state)];
      case 'BlockCitizen':
        if (state.status === 'closed') throw refuse('identity.citizen_closed');
        return state.status === 'blocked' ? [] : [{ type: 'CitizenBlocked', citizenId, reason: command.reason }];
      case 'UnblockCitizen':
        if (state.status === 'closed') throw refuse('identity.citizen_closed');
        if (state.status === 'active') throw refuse('identity.not_blocked');
        return [{ type: 'CitizenUnblocked', citizenId }];
      case 'CloseCitizen':
        if (state.status !== 'closed') return [{ type: 'CitizenClosed', citizenId, reason: command.reason }];
        // Closing is final; what may still come after it is the erasure, which the key's own stream decides.
        if (command.destroyKey) return [];
        throw refuse('identity.citizen_closed');
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'CitizenRegistered':
        return { ...state, status: 'active', detailsId: event.detailsId, nationalNumberHmac: event.nationalNumberHmac };
      case 'IdentityProofProposed':
        return withProposal(state, event);
      case 'IdentityProved':
        return withoutProposals(state, event.level);
      case 'CitizenBlocked':
        return { ...state, status: 'blocked' };
      case 'CitizenUnblocked':
        return { ...state, status: 'active' };
      case 'CitizenClosed':
        return { ...state, status: 'closed' };
    }
  },
};
