import { Refused, type Ids } from '@tillid/kernel';
import { projectionConsumer, reactionConsumer, type Consumer, type EventLog, type ProgressBook, type ReadModelStore, type Vault } from '@tillid/eventsourcing';
import type { RoomEvent } from './domain/consent.events.js';
import { clients } from './known/clients.read-model.js';
import { closedCitizens, closings } from './known/closed-citizens.read-model.js';
import { Known } from './known/known.js';
import { subjects } from './known/subjects.read-model.js';
import { consents } from './list-consents/list-consents.read-model.js';
import { onCitizenClosed } from './on-citizen-closed/on-citizen-closed.js';
import { RefusalBudget } from './request-share/refusal-budget.js';
import type { ConsentRoom, Peers } from './room.js';

export const sources = { consent: 'consent/0', authentication: 'authentication/0', identity: 'identity/0' } as const;

export interface ConsentPorts {
  readonly log: EventLog<RoomEvent>;
  readonly ids: Ids;
  readonly vault: Vault;
  readonly readModels: ReadModelStore;
  readonly progress: ProgressBook;
  readonly peers: Peers;
  readonly refusalsRecordedPerMinute?: number;
}

export interface Assembled {
  readonly room: ConsentRoom;
  /** Who reads which log. */
  readonly consumers: readonly { readonly source: string; readonly consumer: Consumer }[];
}

/** How long a reaction waits for our own lists before it is tried again. */
const listsTimeoutMs = 30_000;

/** The service, whatever it stores with and whatever feeds it: the module and the specs put it together from this. */
export async function assembleConsent({ log, ids, vault, readModels, progress, peers, refusalsRecordedPerMinute }: ConsentPorts): Promise<Assembled> {
  const [subjectsHere, clientsHere, closedHere, consentsHere] = await Promise.all([
    projectionConsumer(subjects, readModels),
    projectionConsumer(clients, readModels),
    projectionConsumer(closedCitizens, readModels),
    projectionConsumer(consents, readModels),
  ]);

  const passed = async (consumer: string, source: string, position: number, deadlineMs: number): Promise<void> => {
    const timeout = AbortSignal.timeout(Math.max(0, Math.min(deadlineMs - log.clock.nowMs(), listsTimeoutMs)));
    if (!(await progress.waitFor(consumer, source, position, timeout))) throw new Refused('peer.behind', 'busy', { retryAfterMs: 1000 });
  };
  const catchUp = async (consumer: string, deadlineMs: number): Promise<void> =>
    passed(consumer, sources.authentication, await peers.headPosition(deadlineMs), deadlineMs);

  const known = new Known({ subjects: subjectsHere.table, clients: clientsHere.table, closedCitizens: closedHere.table }, catchUp);
  const room: ConsentRoom = { log, ids, vault, known, peers, consents: consentsHere.table, refusals: new RefusalBudget(refusalsRecordedPerMinute) };

  const listsAreComplete = async (closedAtPosition: number): Promise<void> => {
    const deadlineMs = log.clock.nowMs() + listsTimeoutMs;
    await passed(closedCitizens.name, sources.identity, closedAtPosition, deadlineMs);
    await catchUp(subjects.name, deadlineMs);
    // Taken last: whatever was asked before the closing was known here stands in the log by now.
    const { position } = await log.store.head();
    await passed(consents.name, sources.consent, position, deadlineMs);
  };
  const citizenClosed = reactionConsumer({ name: 'on-citizen-closed', events: closings, checkpoints: readModels, react: onCitizenClosed(room, listsAreComplete) });

  const { consent, authentication, identity } = sources;
  return {
    room,
    consumers: [
      { source: consent, consumer: consentsHere },
      { source: authentication, consumer: subjectsHere },
      { source: authentication, consumer: clientsHere },
      { source: identity, consumer: closedHere },
      { source: identity, consumer: citizenClosed },
    ],
  };
}
