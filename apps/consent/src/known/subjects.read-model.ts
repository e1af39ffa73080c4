import { SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { eventCodec, projection, readModel } from '@tillid/eventsourcing';

/** Whose pseudonym it is. Owned by authentication, which alone makes them. */
export interface SubjectDocument {
  readonly pseudonym: string;
  readonly clientId: string;
  readonly citizenId: string;
}

export const subjectsModel = readModel<SubjectDocument>({
  name: 'subjects',
  version: 1,
  key: (document) => document.pseudonym,
  indexes: { byCitizen: ({ citizenId, clientId, pseudonym }) => [citizenId, clientId, pseudonym] },
});

export const subjects = projection({
  name: 'subjects',
  model: subjectsModel,
  events: eventCodec('tillid.authentication.v1', { SubjectLinked }),
  keys: ({ event }) => [event.pseudonym],
  apply: (_document, { event: { pseudonym, clientId, citizenId } }) => ({ pseudonym, clientId, citizenId }),
});
