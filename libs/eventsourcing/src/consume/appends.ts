import type { EventStore } from '../event-store.js';

/** For one reader of a log that has read to its end: cleared before it reads and waited for after, no append is slept through. */
export interface Appends {
  /** Forgets what came until now. */
  clear(): void;
  /** Resolves at the first append since `clear`, after so long, or when told to stop. */
  next(timeoutMs: number): Promise<void>;
  /** Ends the listening. */
  stop(): void;
}

export function appendsTo(store: Pick<EventStore, 'onAppended'>, signal: AbortSignal): Appends {
  let appended = false;
  let wake = (): void => undefined;
  const notice = (): void => {
    appended = true;
    wake();
  };
  const stopListening = store.onAppended(notice);
  signal.addEventListener('abort', notice);
  return {
    clear() {
      appended = false;
    },
    async next(timeoutMs) {
      if (appended || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      wake = resolve;
      await promise;
      clearTimeout(timer);
    },
    stop() {
      stopListening();
      signal.removeEventListener('abort', notice);
    },
  };
}
