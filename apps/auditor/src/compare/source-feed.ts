import type { Batch, GetHeadReply } from '@tillid/contracts/feed/v1/service';
import { emptyChain, KeysInForce, nextChain, verifySignedHead } from '@tillid/eventsourcing';
import { CouldNotLook } from '../could-not-look.js';

/** A service as the auditor hears it: its head, and its events from the first. */
export interface SourceService {
  readonly source: string;
  getHead(): Promise<GetHeadReply>;
  subscribe(): AsyncIterable<Batch>;
}

export type Heard =
  | { readonly kind: 'event'; readonly bytes: Uint8Array }
  /** The source says, again and again, that it has no such event. */
  | { readonly kind: 'ends'; readonly at: number }
  | { readonly kind: 'broken'; readonly message: string };

/** A head may have been on its way before the ledger had the event; this many in a row were not. */
const idleHeadsUntilSure = 3;

/** A source's events one at a time, each batch checked against the signed head it ends with. */
export class SourceFeed {
  readonly #batches: AsyncIterator<Batch>;
  #waiting: Uint8Array[] = [];
  #position = 0;
  #chain: Uint8Array = emptyChain;
  readonly #source: string;
  readonly #keys: KeysInForce;

  constructor(service: SourceService) {
    this.#source = service.source;
    this.#keys = new KeysInForce(service.source);
    this.#batches = service.subscribe()[Symbol.asyncIterator]();
  }

  async next(): Promise<Heard> {
    for (let idle = 0; this.#waiting.length === 0; ) {
      const batch = await this.#nextBatch();
      const fault = this.#check(batch);
      if (fault !== undefined) return { kind: 'broken', message: fault };
      this.#waiting = [...batch.events];
      idle += 1;
      if (batch.events.length === 0 && idle === idleHeadsUntilSure) return { kind: 'ends', at: this.#position };
    }
    return { kind: 'event', bytes: this.#waiting.shift()! };
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  async #nextBatch(): Promise<Batch> {
    try {
      const { done, value } = await this.#batches.next();
      if (done) throw new Error('it ended');
      return value;
    } catch (error) {
      throw new CouldNotLook('a feed broke off', { cause: error });
    }
  }

  #check({ firstPosition, events, head }: Batch): string | undefined {
    if (events.length > 0 && firstPosition !== this.#position + 1) return `position ${firstPosition} came where ${this.#position + 1} was due`;
    for (const event of events) {
      this.#chain = nextChain(this.#chain, event);
      this.#keys.event(++this.#position, event);
    }
    const key = this.#keys.at(this.#position);
    if (head?.source !== this.#source || !key || !verifySignedHead(head, key)) return `the head after position ${this.#position} is not signed by the source's key there`;
    if (head.position === this.#position && Buffer.compare(head.chain, this.#chain) === 0) return undefined;
    return `the head at ${head.position} is not that of the ${this.#position} events it ends`;
  }
}
