import { type DomainEvent, type EventLog, type RecordedEvent, occurredAtMs } from '@tillid/eventsourcing';
import { type Citizen, citizen } from './domain/citizen.decider.js';
import type { CitizenEvent, IdentityEvent } from './domain/identity.messages.js';
import { refuse } from './domain/identity.refusals.js';
import { citizenStream } from './domain/streams.js';

const pageSize = 1000;

export interface RegisteredCitizen {
  readonly state: Citizen;
  readonly registeredAtMs: number;
}

/** The citizen as of a position of our log (now, when none is given); refused when nobody has the id. */
export async function registeredCitizen(log: EventLog<IdentityEvent>, citizenId: string, upToPosition = Infinity): Promise<RegisteredCitizen> {
  const found = await citizenOrNone(log, citizenId, upToPosition);
  if (found.state.status === 'none') throw refuse('identity.citizen_unknown');
  return found;
}

export async function citizenOrNone(log: EventLog<IdentityEvent>, citizenId: string, upToPosition = Infinity): Promise<RegisteredCitizen> {
  let state = citizen.initial;
  let registeredAtMs = 0;
  for await (const recorded of streamEvents(log, citizenStream(citizenId))) {
    if (recorded.position > upToPosition) break;
    state = citizen.evolve(state, recorded.event as CitizenEvent);
    if (recorded.event.type === 'CitizenRegistered') registeredAtMs = occurredAtMs(recorded);
  }
  return { state, registeredAtMs };
}

/** True when this command did its work before: what was to be checked then is not asked of it again. */
export async function wasHandled(log: EventLog<IdentityEvent>, context: { readonly commandId: Uint8Array }): Promise<boolean> {
  return (await log.store.find(context.commandId)) !== undefined;
}

async function* streamEvents<E extends DomainEvent>(log: EventLog<E>, stream: string): AsyncGenerator<RecordedEvent<E>> {
  for (let revision = 0; ; ) {
    const page = await log.store.readStream(stream, revision, pageSize);
    for (const { position, bytes } of page) {
      const recorded = log.codec.decode(bytes, position);
      if (!recorded) throw new Error('a stream of identity holds an event identity does not know');
      yield recorded;
    }
    const last = page.at(-1);
    if (!last || page.length < pageSize) return;
    revision = last.revision;
  }
}
