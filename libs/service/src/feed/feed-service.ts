import { setTimeout as pauseFor } from 'node:timers/promises';
import { FeedServiceService, type Batch, type GetHeadReply, type GetHeadRequest, type SubscribeRequest } from '@tillid/contracts/feed/v1/service';
import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { appendsTo, inBatches, nextChain, type EventStore, type ProgressBook } from '@tillid/eventsourcing';
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
  /** An auditor begins to read. */
  readonly recordReading?: (auditorId: string) => Promise<void>;
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

  subscribe = ({ source, afterPosition }: SubscribeRequest, { caller, signal }: Pick<Call, 'signal'> & Partial<Pick<Call, 'caller'>>): AsyncGenerator<Batch> => {
    this.mustBeOurs(source);
    return this.batches(afterPosition, signal, caller?.kind === 'auditor' ? caller.id : undefined);
  };

  getHead = async ({ source }: GetHeadRequest): Promise<GetHeadReply> => {
    this.mustBeOurs(source);
    const asOfMs = this.parts.clock.nowMs();
    const { position, chain } = await this.parts.store.head();
    return { head: await this.sign(position, chain, asOfMs), publicKey: await this.parts.signer.publicKeyAt(position), following: this.parts.progress.list() };
  };

  private async *batches(afterPosition: number, signal: AbortSignal, auditorId: string | undefined): AsyncGenerator<Batch> {
    // The services follow each other without an end, and what they take in shows in their own logs; an auditor looks.
    if (auditorId !== undefined) await this.parts.recordReading?.(auditorId);
    if (afterPosition > (await this.parts.store.head()).position) throw refuse('feed.position_ahead');
    let position = afterPosition;
    let chain = await this.chains.chainAt(position);
    let headTimeMs = 0;
    let saidAtMs = performance.now();
    const appended = appendsTo(this.parts.store, signal);
    try {
      while (!signal.aborted) {
        appended.clear();
        const readAtMs = performance.now();
        // Taken before the head is asked for: at this time the log had at most what the head says.
        const asOfMs = this.parts.clock.nowMs();
        const head = await this.parts.store.head();
        if (head.position === position) {
          this.chains.remember(position, chain);
          if (performance.now() - saidAtMs >= idleMs) {
            headTimeMs = asOfMs;
            yield { firstPosition: 0, events: [], head: await this.sign(position, chain, headTimeMs) };
            saidAtMs = performance.now();
          }
          await appended.next(saidAtMs + idleMs - performance.now());
          continue;
        }
        const page = await this.parts.store.readAll(position, Math.min(pageSize, head.position - position));
        for (const events of inBatches(page.values().map(({ bytes }) => Buffer.from(bytes)), ({ length }) => length, { bytes: maxBatchBytes })) {
          if (signal.aborted) return;
          chain = events.reduce<Uint8Array>((soFar, event) => nextChain(soFar, event), chain);
          // A head says "at this time I had this and no more": true of the log's last event, and of one in the middle of
          // a backlog only as of the time of the head before. Audit dates by it.
          if (position + events.length === head.position) headTimeMs = asOfMs;
          yield { firstPosition: position + 1, events, head: await this.sign(position + events.length, chain, headTimeMs) };
          position += events.length;
          saidAtMs = performance.now();
        }
        await pauseFor(Math.max(0, readAtMs + paceMs - performance.now()), undefined, { signal }).catch(() => undefined);
      }
    } finally {
      appended.stop();
    }
  }

  /** The readers of one log are mostly at one place in it: a head just signed serves them all. */
  private async sign(position: number, chain: Uint8Array, timeMs: number): Promise<SignedHead> {
    const last = this.lastSigned;
    if (last?.position === position && timeMs >= last.timeMs && timeMs - last.timeMs < paceMs && Buffer.compare(last.chain, chain) === 0) return last;
    return (this.lastSigned = await this.parts.signer.sign(position, chain, timeMs));
  }

  private mustBeOurs(source: string): void {
    if (source !== '' && source !== this.parts.source) throw refuse('feed.unknown_source');
  }
}
