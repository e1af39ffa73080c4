import type { EventStore } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import { consentEvents } from '../domain/consent.events.js';
import { refuse } from '../domain/consent.refusals.js';

const shares = consentEvents.pick('ShareAuthorized');
const eventsPerPage = 500;
const askTimeoutMs = 2_000;
const retryAfterMs = 5_000;

export interface RecordWatchParts {
  readonly store: Pick<EventStore, 'readAll'>;
  /** How many of this service's events stand under audit's signed tree. */
  readonly integratedPosition: (deadlineMs: number) => Promise<number>;
  readonly clock: Clock;
  /** A share may wait so long for its place in the record. */
  readonly limitMs: number;
}

/**
 * No record, no sharing: while a share waits longer than the limit for its place in the signed log, no other is let
 * through. Kept from this service's own log and audit's answers, so a restart forgets nothing: until audit has
 * answered, every share of the log counts as waiting. A log without a share has none that waits.
 */
export class RecordWatch {
  #integrated = 0;
  /** No share stands between what is integrated and here. */
  #scanned = 0;
  #oldest: { readonly position: number; readonly atMs: number } | undefined;
  #first: Promise<void> | undefined;

  constructor(private readonly parts: RecordWatchParts) {}

  /** Once a second. Throws when audit did not answer, having looked into the own log all the same. */
  async look(): Promise<void> {
    const { integratedPosition, clock } = this.parts;
    try {
      this.#integrated = Math.max(this.#integrated, await integratedPosition(clock.nowMs() + askTimeoutMs));
    } finally {
      await this.#scan();
    }
  }

  /** Refuses with audit.unavailable; nothing is stored. */
  async requireRecorded(): Promise<void> {
    await (this.#first ??= this.look().catch(() => undefined));
    const { clock, limitMs } = this.parts;
    if (this.#oldest !== undefined && clock.nowMs() - this.#oldest.atMs > limitMs) throw refuse('audit.unavailable', { retryAfterMs });
  }

  async #scan(): Promise<void> {
    if (this.#oldest !== undefined && this.#oldest.position > this.#integrated) return;
    this.#oldest = undefined;
    this.#scanned = Math.max(this.#scanned, this.#integrated);
    for (;;) {
      const page = await this.parts.store.readAll(this.#scanned, eventsPerPage);
      for (const { position, bytes } of page) {
        const share = shares.decode(bytes, position);
        if (share !== undefined) {
          this.#oldest = { position, atMs: share.envelope.occurredAt?.getTime() ?? 0 };
          return;
        }
        this.#scanned = position;
      }
      if (page.length < eventsPerPage) return;
    }
  }
}
