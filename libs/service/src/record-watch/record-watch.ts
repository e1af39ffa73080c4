import type { DomainEvent, EventCodec, EventStore } from '@tillid/eventsourcing';
import { Refused, type Clock } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import { RepeatingTask } from '../repeating-task.js';

const eventsPerPage = 500;
const everyMs = 1_000;
const askTimeoutMs = 2_000;
const retryAfterMs = 5_000;

export interface RecordWatchParts {
  readonly store: Pick<EventStore, 'readAll'>;
  /** Of the events that count; what it does not know waits for nothing. */
  readonly counting: Pick<EventCodec<DomainEvent>, 'decode'>;
  /** How many of this service's events stand under audit's signed tree. */
  readonly integratedPosition: (deadlineMs: number) => Promise<number>;
  readonly clock: Clock;
  /** An event that counts may wait so long for its place in the record. */
  readonly limitMs: number;
}

/**
 * No record, no more of it: while an event that counts waits longer than the limit for its place in the signed log, its
 * service lets no other act of the kind through. Kept from the service's own log and audit's answers, so a restart forgets
 * nothing: until audit has answered, every event that counts is waiting. A log without one has none that waits.
 */
export class RecordWatch {
  #integrated = 0;
  /** No event that counts stands between what is integrated and here. */
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

  /** Throws Refused audit.unavailable; nothing is stored. */
  async requireRecorded(): Promise<void> {
    await (this.#first ??= this.look().catch(() => undefined));
    const { clock, limitMs } = this.parts;
    if (this.#oldest !== undefined && clock.nowMs() - this.#oldest.atMs > limitMs) throw new Refused('audit.unavailable', 'busy', { retryAfterMs });
  }

  async #scan(): Promise<void> {
    if (this.#oldest !== undefined && this.#oldest.position > this.#integrated) return;
    this.#oldest = undefined;
    this.#scanned = Math.max(this.#scanned, this.#integrated);
    for (;;) {
      const page = await this.parts.store.readAll(this.#scanned, eventsPerPage);
      for (const { position, bytes } of page) {
        const counted = this.parts.counting.decode(bytes, position);
        if (counted !== undefined) {
          this.#oldest = { position, atMs: counted.envelope.occurredAt?.getTime() ?? 0 };
          return;
        }
        this.#scanned = position;
      }
      if (page.length < eventsPerPage) return;
    }
  }
}

/** In every replica: each lets acts through. */
export function watchRecord(recordWatch: RecordWatch, logger: Logger): RepeatingTask {
  const onTrouble = (error: unknown) => logger.warn(error instanceof Refused ? { refusal: error.code } : { err: error }, 'audit does not say how far the record goes');
  return new RepeatingTask(everyMs, () => recordWatch.look(), onTrouble);
}
