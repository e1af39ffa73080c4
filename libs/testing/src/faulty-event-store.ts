import { StoreFault, type EventStore } from '@tillid/eventsourcing';

export interface FaultyEventStore extends EventStore {
  /** The next append fails and stores nothing. */
  failBeforeStoring(): void;
  /** The next append is stored, and its reply is lost. */
  failAfterStoring(): void;
}

/** A store whose next append fails in one of the two ways a write can fail: every writer is tested against both. */
export function faultyEventStore(store: EventStore): FaultyEventStore {
  let next: 'works' | 'fails before' | 'fails after' = 'works';
  return {
    find: (commandId) => store.find(commandId),
    lastRevision: (stream) => store.lastRevision(stream),
    readStream: (stream, afterRevision, limit) => store.readStream(stream, afterRevision, limit),
    readAll: (afterPosition, limit) => store.readAll(afterPosition, limit),
    head: () => store.head(),
    onAppended: (listener) => store.onAppended(listener),
    close: () => store.close(),
    async append(commit) {
      const now = next;
      next = 'works';
      if (now === 'fails before') throw new StoreFault('failed before storing, as the test asked');
      const outcome = await store.append(commit);
      if (now === 'fails after') throw new StoreFault('stored, and the reply lost, as the test asked');
      return outcome;
    },
    failBeforeStoring: () => void (next = 'fails before'),
    failAfterStoring: () => void (next = 'fails after'),
  };
}
