import { ClientRegistered } from '@tillid/contracts/authentication/v1/events';
import { eventCodec, projection, readModel } from '@tillid/eventsourcing';

export interface ClientDocument {
  readonly clientId: string;
  readonly kind: string;
  readonly dataProvider: boolean;
}

export const clientsModel = readModel<ClientDocument>({ name: 'clients', version: 1, key: (document) => document.clientId, indexes: {} });

export const clients = projection({
  name: 'clients',
  model: clientsModel,
  events: eventCodec('tillid.authentication.v1', { ClientRegistered }),
  keys: ({ event }) => [event.clientId],
  apply: (_document, { event: { clientId, kind, dataProvider } }) => ({ clientId, kind, dataProvider }),
});
