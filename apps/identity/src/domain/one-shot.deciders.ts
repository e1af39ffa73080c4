import type { Decider } from '@tillid/eventsourcing';
import type { CitizenReadEvent, ReleaseEvent } from './identity.messages.js';
import { refuse } from './identity.refusals.js';

/** Streams of one event: acts, each with an id of its own, that nothing comes after. */
type Done = boolean;

/** Stream citizen-read-<id>. */
export const citizenRead: Decider<{ readonly citizenId: string; readonly readId: string; readonly attributes: readonly string[] }, Done, CitizenReadEvent> = {
  initial: false,
  decide: ({ citizenId, readId, attributes }, done) => (done ? [] : [{ type: 'CitizenRead', citizenId, readId, attributes: [...attributes] }]),
  evolve: () => true,
};

/**
 * Stream release-<share id>. A share is handed over once: the same call repeated is answered by its command id and
 * never gets here, so what does get here twice is another call, and would be a second hand-over without a record.
 */
export const release: Decider<{ readonly shareId: string; readonly attributes: readonly string[] }, Done, ReleaseEvent> = {
  initial: false,
  decide({ shareId, attributes }, done) {
    if (done) throw refuse('share.refused');
    return [{ type: 'AttributesReleased', shareId, attributes: [...attributes] }];
  },
  evolve: () => true,
};
