import { projection, readModel, type EventOf } from '@tillid/eventsourcing';
import { linkEvents } from './entry-events.js';

/** Whose pseudonym it is. Audit alone joins them, and gives the join to nobody. */
export interface LinkDocument {
  readonly pseudonym: string;
  readonly citizenId: string;
  readonly clientId: string;
}

export const linksModel = readModel<LinkDocument>({
  name: 'subject-links',
  version: 2,
  key: ({ pseudonym }) => pseudonym,
  indexes: {},
});

export const linksProjection = projection<LinkDocument, EventOf<typeof linkEvents>>({
  name: 'subject-links',
  model: linksModel,
  events: linkEvents,
  keys: ({ event }) => [event.pseudonym],
  apply: (_document, { event: { pseudonym, citizenId, clientId } }) => ({ pseudonym, citizenId, clientId }),
});
