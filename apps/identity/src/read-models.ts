import { followed } from '@tillid/eventsourcing';
import { subjects } from './on-subject-linked/subjects.read-model.js';

export const sources = { authentication: 'authentication/0' } as const;

/** All of them: what the service follows, and what `rebuild` builds again. */
export const readModels = { subjects: followed(sources.authentication, subjects) } as const;
