import { projection, readModel, type EventOf } from '@tillid/eventsourcing';
import { clientEvents } from './entry-events.js';

export interface ClientDocument {
  readonly clientId: string;
  readonly name: string;
}

export const clientsModel = readModel<ClientDocument>({ name: 'client-names', version: 1, key: ({ clientId }) => clientId, indexes: {} });

export const clientsProjection = projection<ClientDocument, EventOf<typeof clientEvents>>({
  name: 'client-names',
  model: clientsModel,
  events: clientEvents,
  keys: ({ event }) => [event.clientId],
  apply: (_document, { event: { clientId, name } }) => ({ clientId, name }),
});
