import { followed } from '@tillid/eventsourcing';
import { citizensProjection } from './citizens/citizens.projection.js';
import { directoryProjection } from './directory/directory.read-model.js';

export const sources = { authentication: 'authentication/0', identity: 'identity/0' } as const;

/** All of them: what the service follows, and what `rebuild` builds again. */
export const readModels = {
  directory: followed(sources.authentication, directoryProjection),
  citizens: followed(sources.identity, citizensProjection),
} as const;
