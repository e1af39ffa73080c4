import { Refused, type Ids } from '@tillid/kernel';
import { openReadModels, reactionConsumer, type Consumer, type EventLog, type OpenReadModel, type ProgressBook, type ReadModelStore, type Vault } from '@tillid/eventsourcing';
import { RecordWatch } from '@tillid/service';
import { consentEvents, type RoomEvent } from './domain/consent.events.js';
import { closings } from './known/closed-citizens.read-model.js';
import { Known } from './known/known.js';
import { onCitizenClosed } from './on-citizen-closed/on-citizen-closed.js';
import { readModels as declared, sources } from './read-models.js';
import { RefusalBudget } from './request-share/refusal-budget.js';
import type { ConsentRoom, Peers } from './room.js';

export interface ConsentPorts {
  readonly log: EventLog<RoomEvent>;
  readonly ids: Ids;
  readonly vault: Vault;
  readonly readModels: ReadModelStore;
  readonly progress: ProgressBook;
  readonly peers: Peers;
  readonly refusalsRecordedPerMinute?: number;
  /** A share may wait so long for its place in the record. Default a minute. */
  readonly unrecordedShareMs?: number;
}

export interface Assembled {
  readonly room: ConsentRoom;
  readonly recordWatch: RecordWatch;
  /** Who reads which log. */
  readonly consumers: readonly { readonly source: string; readonly consumer: Consumer }[];
  /** Those of them that keep a list. */
  readonly lists: readonly OpenReadModel[];
}

/** Each of them discloses, so each must be recorded. */
const shares = consentEvents.pick('ShareAuthorized');

/** How long a reaction waits for our own lists before it is tried again. */
const listsTimeoutMs = 30_000;

/** The service, whatever it stores with and whatever feeds it: the module and the specs put it together from this. */
export async function assembleConsent({ log, ids, vault, readModels, progress, peers, refusalsRecordedPerMinute, unrecordedShareMs = 60_000 }: ConsentPorts): Promise<Assembled> {
  const lists = await openReadModels(declared, readModels);
  const { consents, subjects, clients, closedCitizens } = lists;

  const passed = async (consumer: string, source: string, position: number, deadlineMs: number): Promise<void> => {
    const timeout = AbortSignal.timeout(Math.max(0, Math.min(deadlineMs - log.clock.nowMs(), listsTimeoutMs)));
    if (!(await progress.waitFor(consumer, source, position, timeout))) throw new Refused('peer.behind', 'busy', { retryAfterMs: 1000 });
  };
  const catchUp = async (consumer: string, deadlineMs: number): Promise<void> =>
    passed(consumer, sources.authentication, await peers.headPosition(deadlineMs), deadlineMs);

  const known = new Known({ subjects: subjects.consumer.table, clients: clients.consumer.table, closedCitizens: closedCitizens.consumer.table }, catchUp);
  const recordWatch = new RecordWatch({ store: log.store, counting: shares, integratedPosition: peers.integratedPosition, clock: log.clock, limitMs: unrecordedShareMs });
  const room: ConsentRoom = { recordWatch, log, ids, vault, known, peers, consents: consents.consumer.table, refusals: new RefusalBudget(refusalsRecordedPerMinute) };

  const listsAreComplete = async (closedAtPosition: number): Promise<void> => {
    const deadlineMs = log.clock.nowMs() + listsTimeoutMs;
    await passed(closedCitizens.consumer.name, sources.identity, closedAtPosition, deadlineMs);
    await catchUp(subjects.consumer.name, deadlineMs);
    // Taken last: whatever was asked before the closing was known here stands in the log by now.
    const { position } = await log.store.head();
    await passed(consents.consumer.name, sources.consent, position, deadlineMs);
  };
  const citizenClosed = reactionConsumer({ name: 'on-citizen-closed', events: closings, checkpoints: readModels, react: onCitizenClosed(room, listsAreComplete) });

  const all: readonly OpenReadModel[] = Object.values(lists);
  return { room, recordWatch, consumers: [...all, { source: sources.identity, consumer: citizenClosed }], lists: all };
}
