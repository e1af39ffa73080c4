import { OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import type { Event } from '@tillid/contracts/event/v1/event';
import { MapTop, mapSubtree } from '@tillid/transparency';
import { KeptHeads } from './kept-heads.js';
import { linkIn, ownLogHeadsType, ownLogsStep, type UnownedEvent } from './own-logs.js';

const bucketBits = 16;
/** Entries that no OwnLogHeads covers yet, at most: audit commits every second, so this is hours without one. */
const maxUncovered = 1_000_000;

type Entry = UnownedEvent & { readonly envelope: Pick<Event, 'type' | 'subject' | 'clientId' | 'data'> };

/**
 * Keeps everyone's own log beside the record, and holds each root that audit committed against it: a head that was
 * committed falsely for one citizen alone is found by whoever has the entries. Remembers a head for each log.
 */
export class OwnLogsCheck {
  readonly #top = new MapTop();
  readonly #heads = new KeptHeads();
  readonly #citizens = new Map<string, string>();
  readonly #unowned = new Map<string, UnownedEvent[]>();
  #uncovered: Entry[] = [];
  #covered = 0;
  #recorder: string | undefined;

  /** In a log that continues another: heads committed by a source that was closed are of the places that its entries had there. */
  recordedBy(source: string): void {
    this.#recorder = source;
  }

  /** An entry of the ledger, in order. Answers what is wrong with it, if it commits heads. */
  entry(event: Event, leafHash: Uint8Array, position: number): string | undefined {
    const fault = event.type === ownLogHeadsType && (this.#recorder === undefined ? event.source.startsWith('audit/') : event.source === this.#recorder) ? this.#committed(event, position) : undefined;
    const { type, subject, clientId } = event;
    // Of the others only the hash is needed; what carries a link is kept until it is covered.
    this.#uncovered.push({ position, leafHash, envelope: { type, subject, clientId, data: linkIn(event) ? Buffer.from(event.data) : noData } });
    if (this.#uncovered.length > maxUncovered) this.#cover(position - maxUncovered / 2);
    return fault;
  }

  #committed(event: Event, position: number): string | undefined {
    const { ledgerPosition, root, logs } = OwnLogHeads.decode(event.data);
    if (ledgerPosition <= this.#covered) return `it commits heads as of ${ledgerPosition}, and ${this.#covered} was passed before`;
    if (ledgerPosition >= position) return `it commits heads as of ${ledgerPosition}, which is not before it`;
    this.#cover(ledgerPosition);
    if (logs !== this.#top.count) return `it commits ${logs} logs as of ${ledgerPosition}, and there are ${this.#top.count}`;
    return this.#top.root.equals(root) ? undefined : `the root of all heads as of ${ledgerPosition} is another than the entries give`;
  }

  #cover(position: number): void {
    const beyond = this.#uncovered.findIndex((entry) => entry.position > position);
    const count = beyond < 0 ? this.#uncovered.length : beyond;
    const changed = new Set<number>();
    for (const entry of this.#uncovered.slice(0, count)) this.#apply(entry, changed);
    this.#uncovered = this.#uncovered.slice(count);
    this.#covered = position;
    this.#top.set(new Map([...changed].map((bucket) => [bucket, mapSubtree(this.#heads.entriesOf(bucket), bucketBits)])));
  }

  #apply(entry: Entry, changed: Set<number>): void {
    const { lines, link, unowned } = ownLogsStep(entry, {
      head: (owner) => this.#heads.of(owner),
      citizenOf: (pseudonym) => this.#citizens.get(pseudonym),
      unowned: (pseudonym) => this.#unowned.get(pseudonym) ?? [],
    });
    for (const line of lines) changed.add(this.#heads.set(line.owner, line));
    if (link) {
      this.#citizens.set(link.pseudonym, link.citizenId);
      this.#unowned.delete(link.pseudonym);
    }
    if (!unowned) return;
    const waiting = this.#unowned.get(unowned.pseudonym);
    if (waiting) waiting.push(unowned);
    else this.#unowned.set(unowned.pseudonym, [unowned]);
  }
}

const noData = Buffer.alloc(0);
