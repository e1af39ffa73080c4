import { SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { eventCodec, projection, readModel } from '@tillid/eventsourcing';

/** Whose pseudonym it is. Authentication alone makes them; we only listen. */
export interface SubjectDocument {
  readonly pseudonym: string;
  readonly clientId: string;
  readonly citizenId: string;
}

export const subjects = projection({
  name: 'on-subject-linked',
  model: readModel<SubjectDocument>({ name: 'subjects', version: 1, key: ({ pseudonym }) => pseudonym, indexes: {} }),
  events: eventCodec('tillid.authentication.v1', { SubjectLinked }),
  keys: ({ event }) => [event.pseudonym],
  apply: (_document, { event: { pseudonym, clientId, citizenId } }) => ({ pseudonym, clientId, citizenId }),
});
