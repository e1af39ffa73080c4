import { StoreFault, type AppendOutcome, type Commit, type EventStore } from '@tillid/eventsourcing';

/** As its caller repeats it. Either way out is right: the first result, or StoreFault and the first result on retry. */
export async function firstResult(store: EventStore, commit: Commit): Promise<AppendOutcome> {
  for (;;) {
    try {
      return await store.append(commit);
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
    }
  }
}
