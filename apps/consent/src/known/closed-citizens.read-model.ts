import { CitizenClosed } from '@tillid/contracts/identity/v1/events';
import { eventCodec, projection, readModel } from '@tillid/eventsourcing';

export interface ClosedCitizenDocument {
  readonly citizenId: string;
}

export const closedCitizensModel = readModel<ClosedCitizenDocument>({ name: 'closed-citizens', version: 1, key: (document) => document.citizenId, indexes: {} });

export const closings = eventCodec('tillid.identity.v1', { CitizenClosed });

/** Closing is final, so a closed citizen is never taken out again. */
export const closedCitizens = projection({
  name: 'closed-citizens',
  model: closedCitizensModel,
  events: closings,
  keys: ({ event }) => [event.citizenId],
  apply: (_document, { event: { citizenId } }) => ({ citizenId }),
});
