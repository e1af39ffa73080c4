import type { Decider } from '@tillid/eventsourcing';
import type { SubjectEvent } from './authentication.events.js';

export interface LinkSubject {
  readonly type: 'LinkSubject';
  readonly citizenId: string;
  readonly clientId: string;
  readonly pseudonym: string;
}

/** A pseudonym and whose it is: recorded once, and then nothing more ever happens to it. */
export const subject: Decider<LinkSubject, { readonly linked: boolean }, SubjectEvent> = {
  initial: { linked: false },
  decide({ citizenId, clientId, pseudonym }, { linked }) {
    return linked ? [] : [{ type: 'SubjectLinked', citizenId, clientId, pseudonym }];
  },
  evolve: () => ({ linked: true }),
};
