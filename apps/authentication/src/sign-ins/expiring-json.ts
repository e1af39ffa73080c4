import type { ExpiringStore } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import { refuseCall } from '../domain/authentication.refusals.js';

const attemptsMax = 10;

/** Small JSON documents with a deadline, changed by compare-and-set. */
export class ExpiringJson<Document extends object> {
  constructor(
    private readonly store: ExpiringStore,
    private readonly clock: Clock,
  ) {}

  async get(key: string): Promise<Document | undefined> {
    const entry = await this.store.get(key, this.clock.nowMs());
    return entry && decode<Document>(entry.value);
  }

  /** False when there is one already. A store that is full is everyone's limit, not this caller's fault. */
  async create(key: string, document: Document, expiresAtMs: number): Promise<boolean> {
    const nowMs = this.clock.nowMs();
    if ((await this.store.compareAndSet(key, 0, encode(document), expiresAtMs, nowMs)) !== undefined) return true;
    if (await this.store.get(key, nowMs)) return false;
    throw refuseCall('call.too_many', { retryAfterMs: 1000 });
  }

  /**
   * Puts what `change` makes of the document; undefined leaves it as it is. Losing a race, it looks and decides again.
   * `change` may throw. Answers the document as it is now.
   */
  async update(key: string, change: (document: Document | undefined) => { readonly document: Document; readonly expiresAtMs: number } | undefined): Promise<Document | undefined> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const nowMs = this.clock.nowMs();
      const entry = await this.store.get(key, nowMs);
      const before = entry && decode<Document>(entry.value);
      const after = change(before);
      if (!after) return before;
      const version = await this.store.compareAndSet(key, entry?.version ?? 0, encode(after.document), after.expiresAtMs, nowMs);
      if (version !== undefined) return after.document;
    }
    throw refuseCall('call.too_many', { retryAfterMs: 1000 });
  }

  delete(key: string): Promise<void> {
    return this.store.delete(key);
  }
}

function encode(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}

function decode<Document>(value: Uint8Array): Document {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')) as Document;
}
