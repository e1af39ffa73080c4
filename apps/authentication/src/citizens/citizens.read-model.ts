import { CitizenBlocked, CitizenClosed, CitizenRegistered, CitizenUnblocked, IdentityProved } from '@tillid/contracts/identity/v1/events';
import { eventCodec, type EventOf, readModel } from '@tillid/eventsourcing';

/** What identity says about a citizen, as far as signing in needs it. */
export interface KnownCitizen {
  readonly citizenId: string;
  readonly status: 'active' | 'blocked' | 'closed';
  /** AssuranceLevel of the proof of identity; 0 for none yet. */
  readonly proof: number;
}

export const citizensModel = readModel<KnownCitizen>({ name: 'citizens', version: 1, key: ({ citizenId }) => citizenId, indexes: {} });

export const identityEvents = eventCodec('tillid.identity.v1', { CitizenRegistered, IdentityProved, CitizenBlocked, CitizenUnblocked, CitizenClosed });
export type IdentityEvent = EventOf<typeof identityEvents>;

export function applyIdentity(citizen: KnownCitizen | null, event: IdentityEvent): KnownCitizen {
  const before = citizen ?? { citizenId: event.citizenId, status: 'active', proof: 0 };
  switch (event.type) {
    case 'CitizenRegistered':
      return before;
    case 'IdentityProved':
      return { ...before, proof: event.level };
    case 'CitizenBlocked':
      return { ...before, status: 'blocked' };
    case 'CitizenUnblocked':
      return { ...before, status: 'active' };
    case 'CitizenClosed':
      return { ...before, status: 'closed' };
  }
}
