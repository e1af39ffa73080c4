import type { EventStore } from '@tillid/eventsourcing';

export interface News {
  /** Resolves at the first commit since it was called last, after `ms`, or when told to stop. */
  wait(ms: number): Promise<void>;
  stop(): void;
}

/** Commits that came while nobody waited count: what is read before waiting is not slept through. */
export function newsOf(store: EventStore, signal: AbortSignal): News {
  let came = false;
  let wake: () => void = () => undefined;
  const heard = () => {
    came = true;
    wake();
  };
  const stopListening = store.onAppended(heard);
  signal.addEventListener('abort', heard, { once: true });
  return {
    async wait(ms) {
      if (!came && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, ms);
        await promise;
        clearTimeout(timer);
      }
      came = false;
    },
    stop() {
      stopListening();
      signal.removeEventListener('abort', heard);
    },
  };
}
