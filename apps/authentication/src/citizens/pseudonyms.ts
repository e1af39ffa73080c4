import { pseudonym } from '@tillid/crypto';
import type { Write } from '@tillid/eventsourcing';
import { streams } from '../domain/streams.js';
import { subject } from '../domain/subject.decider.js';
import { type LoggedEvent, write } from '../log/authentication-log.js';
import { aboutCitizen, bySystem } from '../log/envelopes.js';

/** The only place that makes pseudonyms. Whoever uses one in an event puts `link` into the same commit, or an earlier one. */
export class Pseudonyms {
  constructor(private readonly secret: Uint8Array) {}

  of(citizenId: string, clientId: string): string {
    return pseudonym(this.secret, citizenId, clientId);
  }

  /** Recorded once: nothing is written when it is linked already. */
  link(citizenId: string, clientId: string): Write<LoggedEvent> {
    const own = this.of(citizenId, clientId);
    return write({
      stream: streams.subject(own),
      decider: subject,
      command: { type: 'LinkSubject', citizenId, clientId, pseudonym: own },
      envelope: () => aboutCitizen(citizenId, bySystem),
    });
  }
}
