import { StoreFault, type EventStore } from '@tillid/eventsourcing';

export interface FaultyEventStore extends EventStore {
  /** The next append fails and stores nothing. */
  failBeforeStoring(): void;
  /** The next append is stored, and its reply is lost. */
  failAfterStoring(): void;
  /** Cannot be reached, or not be written to, until it is said to be well. */
  become(state: 'well' | 'unreachable' | 'read-only'): void;
}

/** A store whose next append fails in one of the two ways a write can fail: every writer is tested against both. Or that does not answer. */
export function faultyEventStore(store: EventStore): FaultyEventStore {
  let next: 'works' | 'fails before' | 'fails after' = 'works';
  let state: 'well' | 'unreachable' | 'read-only' = 'well';
  const asked = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    if (state === 'unreachable') throw new StoreFault('does not answer, as the test asked');
    return answer();
  };
  return {
    find: (commandId) => asked(() => store.find(commandId)),
    lastRevision: (stream) => asked(() => store.lastRevision(stream)),
    readStream: (stream, afterRevision, limit) => asked(() => store.readStream(stream, afterRevision, limit)),
    readAll: (afterPosition, limit) => asked(() => store.readAll(afterPosition, limit)),
    head: () => asked(() => store.head()),
    onAppended: (listener) => store.onAppended(listener),
    close: () => store.close(),
    async append(commit) {
      const now = next;
      next = 'works';
      if (state !== 'well') throw new StoreFault('takes nothing, as the test asked');
      if (now === 'fails before') throw new StoreFault('failed before storing, as the test asked');
      const outcome = await store.append(commit);
      if (now === 'fails after') throw new StoreFault('stored, and the reply lost, as the test asked');
      return outcome;
    },
    failBeforeStoring: () => void (next = 'fails before'),
    failAfterStoring: () => void (next = 'fails after'),
    become: (wanted) => void (state = wanted),
  };
}
