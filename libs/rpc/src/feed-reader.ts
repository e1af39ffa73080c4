import { FeedServiceService, type Batch } from '@tillid/contracts/feed/v1/service';
import type { SourceReader } from '@tillid/eventsourcing';
import type { RpcCredentials } from './credentials.js';
import { rpcClient, type RpcClient } from './rpc-client.js';

export interface FeedReader extends SourceReader {
  subscribe(source: string, afterPosition: number, signal: AbortSignal): AsyncIterable<Batch>;
  close(): void;
}

/** Silence is broken by a head every second; this long without one, the connection is dead whatever TCP thinks. */
const silenceMaxMs = 15_000;

/**
 * Another service's feed, for `followSource`: batches one at a time, the next asked for when the last has been taken in.
 * Reconnecting is the follower's: it knows where it stands.
 */
export function feedReader(address: string, credentials: RpcCredentials): FeedReader {
  return feedReaderOf(rpcClient(FeedServiceService, address, credentials));
}

export function feedReaderOf(client: RpcClient<typeof FeedServiceService>): FeedReader {
  return {
    async *subscribe(source, afterPosition, signal) {
      const silence = new AbortController();
      const batches = client.subscribe({ source, afterPosition }, { signal: AbortSignal.any([signal, silence.signal]) })[Symbol.asyncIterator]();
      try {
        for (;;) {
          // Only the waiting is timed: a handler may take as long as it needs.
          const timer = setTimeout(() => silence.abort(), silenceMaxMs);
          const { done, value } = await batches.next().finally(() => clearTimeout(timer));
          if (done) {
            if (silence.signal.aborted && !signal.aborted) throw new Error(`the feed of ${source} fell silent`);
            return;
          }
          yield value;
        }
      } finally {
        await batches.return?.();
      }
    },
    close: () => client.close(),
  };
}
