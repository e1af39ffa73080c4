import { limits, type StoredEvent } from '@tillid/eventsourcing';

const maxTailEvents = 2_048;
const maxTailBytes = 4 * 1024 * 1024;

/**
 * The newest events, kept as they were stored: whoever follows the log reads them moments later, and all follow it.
 * A stored position never changes, so what is kept is right for ever; whether there is more only the file knows.
 */
export class LogTail {
  #events: StoredEvent[] = [];
  #bytes = 0;

  /** Events of a committed batch, in order. A gap (another process wrote) starts the tail anew. */
  add(events: readonly StoredEvent[]): void {
    const first = events[0];
    if (first && first.position !== (this.#events.at(-1)?.position ?? 0) + 1) this.#clear();
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += event.bytes.length;
    }
    if (this.#events.length > maxTailEvents || this.#bytes > maxTailBytes) this.#shorten();
  }

  /** A page, when its first event is kept; undefined sends the reader to the file. */
  page(afterPosition: number, limit: number): StoredEvent[] | undefined {
    const index = afterPosition + 1 - (this.#events[0]?.position ?? Infinity);
    if (index < 0 || index >= this.#events.length || limit < 1) return undefined;
    const page: StoredEvent[] = [];
    let bytes = 0;
    for (const event of this.#events.slice(index, index + limit)) {
      bytes += event.bytes.length;
      if (bytes > limits.maxCommitBytes && page.length > 0) break;
      page.push(event);
    }
    return page;
  }

  /** To half, so that it is not done at every append. */
  #shorten(): void {
    const kept: StoredEvent[] = [];
    let bytes = 0;
    for (const event of this.#events.toReversed()) {
      bytes += event.bytes.length;
      if (kept.length === maxTailEvents / 2 || bytes > maxTailBytes / 2) break;
      kept.push(event);
    }
    this.#events = kept.reverse();
    this.#bytes = kept.reduce((sum, event) => sum + event.bytes.length, 0);
  }

  #clear(): void {
    this.#events = [];
    this.#bytes = 0;
  }
}
