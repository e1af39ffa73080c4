import type { Batch, GetHeadReply } from '@tillid/contracts/feed/v1/service';
import { emptyChain, KeysInForce, nextChain, verifySignedHead } from '@tillid/eventsourcing';
import { CouldNotLook } from '../could-not-look.js';

/** A service as the auditor hears it: its head, and its events from the first. */
export interface SourceService {
  readonly source: string;
  getHead(): Promise<GetHeadReply>;
  subscribe(): AsyncIterable<Batch>;
}

/** What is wrong with a batch, and where it begins. */
export interface Fault {
  readonly position: number;
  readonly message: string;
}

export type Heard =
  /** `chain`: after it. */
  | { readonly kind: 'event'; readonly bytes: Uint8Array; readonly chain: Uint8Array }
  /** The source says, again and again, that it has no such event. */
  | { readonly kind: 'ends'; readonly at: number }
  | ({ readonly kind: 'broken' } & Fault);

/** A head may have been on its way before the ledger had the event; this many in a row were not. */
const idleHeadsUntilSure = 3;

/** A source's events one at a time, each batch checked against the signed head it ends with. */
export class SourceFeed {
  readonly keys: KeysInForce;
  readonly #source: string;
  readonly #batches: AsyncIterator<Batch>;
  #waiting: Extract<Heard, { kind: 'event' }>[] = [];
  #position = 0;
  #chain: Uint8Array = emptyChain;
  #fault: Fault | undefined;

  constructor(service: SourceService) {
    this.#source = service.source;
    this.keys = new KeysInForce(service.source);
    this.#batches = service.subscribe()[Symbol.asyncIterator]();
  }

  /** Of the batch that is being read, or the last one. Its events come all the same: they show where it went wrong. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  async next(): Promise<Heard> {
    for (let idle = 0; this.#waiting.length === 0; ) {
      if (this.#fault) return { kind: 'broken', ...this.#fault };
      const batch = await this.#nextBatch();
      this.#take(batch);
      idle += 1;
      if (!this.#fault && batch.events.length === 0 && idle === idleHeadsUntilSure) return { kind: 'ends', at: this.#position };
    }
    return this.#waiting.shift()!;
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

  #take({ firstPosition, events, head }: Batch): void {
    const position = this.#position + 1;
    const broken = (message: string) => void (this.#fault = { position, message });
    if (events.length > 0 && firstPosition !== position) return broken(`position ${firstPosition} came where ${position} was due`);
    for (const bytes of events) {
      this.#chain = nextChain(this.#chain, bytes);
      this.keys.event(++this.#position, bytes);
      this.#waiting.push({ kind: 'event', bytes, chain: this.#chain });
    }
    const key = this.keys.at(this.#position);
    if (head?.source !== this.#source || !key || !verifySignedHead(head, key)) return broken(`the head after position ${this.#position} is not signed by the source's key there`);
    if (head.position !== this.#position || Buffer.compare(head.chain, this.#chain) !== 0) broken(`the head at ${head.position} is not that of the ${this.#position} events it ends`);
  }
}
