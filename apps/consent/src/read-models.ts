import { followed } from '@tillid/eventsourcing';
import { clients } from './known/clients.read-model.js';
import { closedCitizens } from './known/closed-citizens.read-model.js';
import { subjects } from './known/subjects.read-model.js';
import { consents } from './list-consents/list-consents.read-model.js';

export const sources = { consent: 'consent/0', authentication: 'authentication/0', identity: 'identity/0' } as const;

/** All of them: what the service follows, and what `rebuild` builds again. */
export const readModels = {
  consents: followed(sources.consent, consents),
  subjects: followed(sources.authentication, subjects),
  clients: followed(sources.authentication, clients),
  closedCitizens: followed(sources.identity, closedCitizens),
} as const;
