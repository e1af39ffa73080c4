import { setTimeout as pauseFor } from 'node:timers/promises';
import { ActorKind, Event, SourceKeyAnnounced } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, sourceKeyFrom, systemIds } from '@tillid/crypto';
import { chained, startingPoint, type FeedBatch, type SourceReader } from '@tillid/eventsourcing';

/** A service's log as its feed gives it: events that it can rewrite, and heads under its own key. */
export class SignedSource implements SourceReader {
  readonly #key = sourceKeyFrom(newSourceKeyFile());
  #events: Uint8Array[] = [];

  constructor(readonly source: string, private readonly nowMs: () => number) {
    this.#write('source-keys', 'tillid.event.v1.SourceKeyAnnounced', SourceKeyAnnounced.encode({ source, publicKey: this.#key.publicKey, signature: Buffer.alloc(0) }).finish());
  }

  happens(count = 1): void {
    for (let index = 0; index < count; index += 1) this.#write(`thing-${this.#events.length}`, 'tillid.spec.v1.SomethingHappened', Buffer.alloc(0));
  }

  /** Everything from this position on never was; as much else was instead, and as much more. */
  rewrite(from: number, more = 1): void {
    const lost = this.#events.length - from + 1;
    this.#events = this.#events.slice(0, from - 1);
    this.happens(lost + more);
  }

  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }

  get length(): number {
    return this.#events.length;
  }

  async *subscribe(_source: string, afterPosition: number, signal: AbortSignal): AsyncIterable<FeedBatch> {
    for (let sent = afterPosition; !signal.aborted; ) {
      const events = this.#events.slice(sent);
      yield { firstPosition: events.length === 0 ? 0 : sent + 1, events, head: this.head() };
      sent += events.length;
      await pauseFor(5, undefined, { signal }).catch(() => undefined);
    }
  }

  head(position = this.length) {
    const chain = chained(startingPoint, this.#events.slice(0, position)).at(-1)?.chain ?? startingPoint.chain;
    return this.#key.sign({ source: this.source, position, chain, timeMs: this.nowMs() });
  }

  #write(stream: string, type: string, data: Uint8Array): void {
    const event = { id: systemIds.bytes(16), salt: systemIds.bytes(16), source: this.source, type, schemaRevision: 1, stream, revision: 1, occurredAt: new Date(this.nowMs()), actor: { kind: ActorKind.SYSTEM, id: 'test' }, data, commandId: systemIds.bytes(16), commitIndex: 0, commitSize: 1 };
    this.#events.push(Event.encode(Event.fromPartial({ ...event, id: Buffer.from(event.id), salt: Buffer.from(event.salt), data: Buffer.from(data), commandId: Buffer.from(event.commandId) })).finish());
  }
}
