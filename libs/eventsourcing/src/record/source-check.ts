import type { Event, SignedHead } from '@tillid/contracts/event/v1/event';
import { emptyChain, nextChainOver } from '../chain.js';
import { KeysInForce } from '../keys-in-force.js';
import { verifySignedHead } from '../signed-head.js';
import type { RecordFindingCode, SourceSummary } from './record-findings.js';

type Report = (code: RecordFindingCode, message: string, position: number) => void;

/** Clocks of a source and of its signer are one; a command may have waited this long between deciding and being stored. */
const lateAfterMs = 60_000;
/** Clocks of a source, of its replicas and of audit may differ by so much. */
const clocksDifferMs = 60_000;
/** A head is recorded within seconds of what it covers; a source, or audit, that was away comes back with its heads. */
const unconfirmedAfterMs = 600_000;

interface Unconfirmed {
  readonly chain: Buffer;
  readonly leafIndex: number;
  readonly occurredMs: number;
}

/** A head, and when audit says that it saw it. */
interface HeadSeen {
  readonly head: SignedHead;
  readonly seenMs: number;
}

/** Everything that can be checked about one source's entries, fed in order. */
export class SourceCheck {
  #position = 0;
  #chain: Buffer = Buffer.from(emptyChain);
  readonly #keys: KeysInForce;
  /** Those after the last confirmed one: a head is compared with the chain at its own position. */
  #unconfirmed: Unconfirmed[] = [];
  #confirmed = 0;
  /** When audit first recorded heads that do not cover the first of them, and whether that was reported. */
  #uncovered: { readonly sinceMs: number; reported: boolean } | undefined;
  /** Heads that are ahead of the entries, in order of position. */
  #awaited: HeadSeen[] = [];
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

  /** After the last entry. */
  get chain(): Uint8Array {
    return this.#chain;
  }

  /** Its position in the source. */
  entry(event: Event, bytes: Uint8Array, leafHash: Uint8Array, leafIndex: number): number {
    this.#position++;
    this.#chain = nextChainOver(this.#chain, leafHash);
    this.#unconfirmed.push({ chain: this.#chain, leafIndex, occurredMs: event.occurredAt?.getTime() ?? 0 });
    this.#checkKey(bytes);
    this.#checkCommit(event);
    this.#checkRevision(event);
    this.#checkLate(event);
    while (this.#awaited[0]?.head.position === this.#position) this.#compare(this.#awaited.shift()!);
    return this.#position;
  }

  /** A head of this source that audit recorded, and the time at which it says it did. */
  head(head: SignedHead, seenMs: number): void {
    if (head.position === 0) return;
    if (head.position < this.#confirmed) return this.report('heads.backwards', `a head at ${head.position} after one at ${this.#confirmed}`, head.position);
    if (!this.#furthestHead || head.position > this.#furthestHead.position) this.#furthestHead = head;
    if (head.position <= this.#position) this.#compare({ head, seenMs });
    else this.#awaited.push({ head, seenMs });
  }

  /** Audit has recorded heads, with or without one of this source. */
  headsSeen(seenMs: number): void {
    if (this.#unconfirmed.length === 0) return;
    this.#uncovered ??= { sinceMs: seenMs, reported: false };
    if (this.#uncovered.reported || seenMs - this.#uncovered.sinceMs <= unconfirmedAfterMs) return;
    this.#uncovered.reported = true;
    this.report('entry.unconfirmed', `no head covers it, though audit has recorded heads for ${Math.round((seenMs - this.#uncovered.sinceMs) / 1000)} s since`, this.#confirmed + 1);
  }

  summary(): SourceSummary {
    return {
      source: this.source,
      position: this.#position,
      chain: this.#chain,
      keys: this.#keys.all(),
      confirmedPosition: this.#confirmed,
      firstUnconfirmedLeaf: this.#unconfirmed[0]?.leafIndex,
      headPosition: this.#furthestHead?.position ?? 0,
      commitOpen: this.#commit !== undefined,
    };
  }

  #checkKey(bytes: Uint8Array): void {
    if (this.#keys.event(this.#position, bytes)) return;
    if (this.#position === 1) this.report('source.key_not_announced', 'the first event announces no key of this source', 1);
    else if (this.#keys.all().length > 0) this.report('source.key_not_vouched', 'it announces a key that the key in force did not sign', this.#position);
  }

  #compare({ head, seenMs }: HeadSeen): void {
    const key = this.#keys.at(head.position);
    if (!key || !verifySignedHead(head, key)) return this.report('head.not_signed', `the head at ${head.position}`, head.position);
    const covered = this.#unconfirmed.slice(0, head.position - this.#confirmed);
    const chain = covered.at(-1)?.chain ?? this.#confirmedChain;
    if (!chain.equals(head.chain)) return this.report('head.chain_differs', `the head at ${head.position} signs other entries`, head.position);
    this.#checkTimes(head, seenMs, covered);
    if (covered.length === 0) return;
    this.#unconfirmed = this.#unconfirmed.slice(covered.length);
    this.#confirmed = head.position;
    this.#confirmedChain = chain;
    this.#uncovered = undefined;
  }
  #confirmedChain: Buffer = this.#chain;

  /** What was seen had happened, and been signed, before. Only source and audit together can move both. */
  #checkTimes(head: SignedHead, seenMs: number, covered: readonly Unconfirmed[]): void {
    const bySeconds = (ms: number) => `${Math.round((ms - seenMs) / 1000)} s after audit says it saw it`;
    if (head.timeMs > seenMs + clocksDifferMs) this.report('head.early', `the head at ${head.position} is signed ${bySeconds(head.timeMs)}`, head.position);
    for (const [index, { occurredMs }] of covered.entries()) {
      if (occurredMs > seenMs + clocksDifferMs) this.report('entry.early', `it says it happened ${bySeconds(occurredMs)}`, this.#confirmed + index + 1);
    }
  }

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
