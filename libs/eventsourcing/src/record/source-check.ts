import type { Event, SignedHead } from '@tillid/contracts/event/v1/event';
import { emptyChain, nextChain } from '../chain.js';
import { KeysInForce } from '../keys-in-force.js';
import { verifySignedHead } from '../signed-head.js';
import type { RecordFindingCode, SourceSummary } from './record-findings.js';

type Report = (code: RecordFindingCode, message: string, position: number) => void;

/** Clocks of a source and of its signer are one; a command may have waited this long between deciding and being stored. */
const lateAfterMs = 60_000;

/** Everything that can be checked about one source's entries, fed in order. */
export class SourceCheck {
  #position = 0;
  #chain: Buffer = Buffer.from(emptyChain);
  readonly #keys: KeysInForce;
  /** Chains after each entry since the last confirmed one: a head is compared with the chain at its own position. */
  #chains: Buffer[] = [];
  #confirmed = 0;
  /** Heads that are ahead of the entries, in order of position. */
  #awaited: SignedHead[] = [];
  #furthestHead: SignedHead | undefined;
  #commit: { readonly id: Buffer; readonly size: number; next: number } | undefined;
  readonly #revisions: Map<string, number> | undefined;

  constructor(
    readonly source: string,
    readonly report: Report,
    options: { readonly streams: boolean },
  ) {
    this.#keys = new KeysInForce(source);
    this.#revisions = options.streams ? new Map() : undefined;
  }

  /** Its position in the source. */
  entry(event: Event, bytes: Uint8Array): number {
    this.#position++;
    this.#chain = nextChain(this.#chain, bytes);
    this.#chains.push(this.#chain);
    this.#checkKey(bytes);
    this.#checkCommit(event);
    this.#checkRevision(event);
    this.#checkLate(event);
    while (this.#awaited[0]?.position === this.#position) this.#compare(this.#awaited.shift()!);
    return this.#position;
  }

  /** A head of this source that audit recorded. */
  head(head: SignedHead): void {
    if (head.position === 0) return;
    if (head.position < this.#confirmed) return this.report('heads.backwards', `a head at ${head.position} after one at ${this.#confirmed}`, head.position);
    if (!this.#furthestHead || head.position > this.#furthestHead.position) this.#furthestHead = head;
    if (head.position <= this.#position) this.#compare(head);
    else this.#awaited.push(head);
  }

  summary(): SourceSummary {
    return {
      source: this.source,
      position: this.#position,
      chain: this.#chain,
      keys: this.#keys.all(),
      confirmedPosition: this.#confirmed,
      headPosition: this.#furthestHead?.position ?? 0,
      commitOpen: this.#commit !== undefined,
    };
  }

  #checkKey(bytes: Uint8Array): void {
    if (this.#keys.event(this.#position, bytes)) return;
    if (this.#position === 1) this.report('source.key_not_announced', 'the first event announces no key of this source', 1);
    else if (this.#keys.all().length > 0) this.report('source.key_not_vouched', 'it announces a key that the key in force did not sign', this.#position);
  }

  #compare(head: SignedHead): void {
    const key = this.#keys.at(head.position);
    if (!key || !verifySignedHead(head, key)) return this.report('head.not_signed', `the head at ${head.position}`, head.position);
    const chain = head.position === this.#confirmed ? this.#confirmedChain : this.#chains[head.position - this.#confirmed - 1]!;
    if (!chain.equals(head.chain)) return this.report('head.chain_differs', `the head at ${head.position} signs other entries`, head.position);
    this.#chains = this.#chains.slice(head.position - this.#confirmed);
    this.#confirmed = head.position;
    this.#confirmedChain = chain;
  }
  #confirmedChain: Buffer = this.#chain;

  #checkCommit({ commandId, commitIndex, commitSize }: Event): void {
    const open = this.#commit;
    const continues = open ? open.id.equals(commandId) && commitSize === open.size && commitIndex === open.next : commitIndex === 0 && commitSize > 0;
    if (!continues) this.report('commit.broken', `entry ${commitIndex + 1} of ${commitSize}, where ${open ? `${open.next + 1} of ${open.size}` : 'a first one'} was due`, this.#position);
    const next = commitIndex + 1;
    this.#commit = next < commitSize ? { id: commandId, size: commitSize, next } : undefined;
  }

  #checkRevision({ stream, revision }: Event): void {
    if (!this.#revisions) return;
    const due = (this.#revisions.get(stream) ?? 0) + 1;
    if (revision !== due) this.report('stream.gap', `a stream is at revision ${revision} where ${due} was due`, this.#position);
    this.#revisions.set(stream, revision);
  }

  #checkLate({ occurredAt }: Event): void {
    const head = this.#furthestHead;
    if (!head || this.#position <= head.position || !occurredAt) return;
    const lateMs = head.timeMs - occurredAt.getTime();
    if (lateMs > lateAfterMs) this.report('entry.late', `it says ${occurredAt.toISOString()}, ${Math.round(lateMs / 1000)} s before a head without it`, this.#position);
  }
}
