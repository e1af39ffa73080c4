import { projection } from '@tillid/eventsourcing';
import { applyIdentity, citizensModel, identityEvents } from './citizens.read-model.js';

export const citizensProjection = projection({
  name: 'citizens',
  model: citizensModel,
  events: identityEvents,
  keys: ({ event }) => [event.citizenId],
  apply: (citizen, { event }) => applyIdentity(citizen, event),
});
