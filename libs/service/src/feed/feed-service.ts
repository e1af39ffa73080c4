import { setTimeout as pauseFor } from 'node:timers/promises';
import { FeedServiceService, type Batch, type GetHeadReply, type GetHeadRequest, type SubscribeRequest } from '@tillid/contracts/feed/v1/service';
import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { nextChain, type EventStore, type ProgressBook } from '@tillid/eventsourcing';
import { refusals, type Clock } from '@tillid/kernel';
import type { Call } from '../call.js';
import { RpcController } from '../rpc-controller.js';
import { ChainAt } from './chain-at.js';
import type { SourceSigner } from './source-signer.js';

export interface FeedParts {
  readonly source: string;
  readonly store: EventStore;
  readonly signer: Pick<SourceSigner, 'sign' | 'publicKeyAt'>;
  readonly progress: ProgressBook;
  readonly clock: Clock;
}

const maxBatchBytes = 1024 * 1024;
const pageSize = 1000;
const idleMs = 1000;
/**
 * At the least between two readings for one reader. The first event after a quiet time goes at once; under load what a
 * moment brought goes as one batch, so a reader costs the same at any rate of commits; and whoever has everything still
 * to read takes 40,000 events a second at most, which leaves the loop to the appends.
 */
const paceMs = 25;

const refuse = refusals({ 'feed.unknown_source': 'not_found', 'feed.position_ahead': 'precondition' });

/** The feed of this service's log. Reads the log itself: what is fed is what is stored, and slow readers cost nothing but their place. */
@RpcController(FeedServiceService)
export class FeedController {
  private readonly chains: ChainAt;
  private lastSigned: SignedHead | undefined;

  constructor(private readonly parts: FeedParts) {
    this.chains = new ChainAt(parts.store);
  }

  subscribe = ({ source, afterPosition }: SubscribeRequest, { signal }: Call): AsyncGenerator<Batch> => {
    this.mustBeOurs(source);
    return this.batches(afterPosition, signal);
  };

  getHead = async ({ source }: GetHeadRequest): Promise<GetHeadReply> => {
    this.mustBeOurs(source);
    const { position, chain } = await this.parts.store.head();
    return { head: await this.sign(position, chain), publicKey: await this.parts.signer.publicKeyAt(position), following: this.parts.progress.list() };
  };

  private async *batches(afterPosition: number, signal: AbortSignal): AsyncGenerator<Batch> {
    if (afterPosition > (await this.parts.store.head()).position) throw refuse('feed.position_ahead');
    let position = afterPosition;
    let chain = await this.chains.chainAt(position);
    const news = newsOf(this.parts.store, signal);
    try {
      while (!signal.aborted) {
        // Asked for before reading, so that what is appended meanwhile wakes us.
        const more = news.next();
        const readAtMs = performance.now();
        const page = await this.parts.store.readAll(position, pageSize);
        let next = 0;
        while (next < page.length && !signal.aborted) {
          const events: Buffer[] = [];
          let bytes = 0;
          for (; next < page.length; next++) {
            const event = page[next]!.bytes;
            if (events.length > 0 && bytes + event.length > maxBatchBytes) break;
            events.push(Buffer.from(event));
            bytes += event.length;
            chain = nextChain(chain, event);
          }
          yield { firstPosition: position + 1, events, head: await this.sign(position + events.length, chain) };
          position += events.length;
        }
        if (page.length > 0) {
          await pauseFor(Math.max(0, readAtMs + paceMs - performance.now()), undefined, { signal }).catch(() => undefined);
        } else {
          this.chains.remember(position, chain);
          const appended = await more;
          // Nothing came within a second: say that we are here, and where we stand.
          if (!appended && !signal.aborted) yield { firstPosition: 0, events: [], head: await this.sign(position, chain) };
        }
      }
    } finally {
      news.stop();
    }
  }

  /** The readers of one log are mostly at one place in it: a head just signed serves them all. */
  private async sign(position: number, chain: Uint8Array): Promise<SignedHead> {
    const timeMs = this.parts.clock.nowMs();
    const last = this.lastSigned;
    if (last?.position === position && timeMs >= last.timeMs && timeMs - last.timeMs < paceMs && Buffer.compare(last.chain, chain) === 0) return last;
    return (this.lastSigned = await this.parts.signer.sign(position, chain, timeMs));
  }

  private mustBeOurs(source: string): void {
    if (source !== '' && source !== this.parts.source) throw refuse('feed.unknown_source');
  }
}

/** `next()` resolves true at the first commit after it was called, false after a second or when the reader is gone. */
function newsOf(store: EventStore, signal: AbortSignal) {
  let wake: (appended: boolean) => void = () => undefined;
  const stopListening = store.onAppended(() => wake(true));
  const gone = () => wake(false);
  signal.addEventListener('abort', gone, { once: true });
  let timer: NodeJS.Timeout | undefined;
  return {
    next: (): Promise<boolean> =>
      new Promise((resolve) => {
        wake = resolve;
        clearTimeout(timer);
        timer = setTimeout(() => resolve(false), idleMs);
        if (signal.aborted) resolve(false);
      }),
    stop: () => {
      clearTimeout(timer);
      stopListening();
      signal.removeEventListener('abort', gone);
      wake(false);
    },
  };
}
