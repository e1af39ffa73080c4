import { type CommandContext, type EventLog, handle } from '@tillid/eventsourcing';
import { type CitizenKeyCommand, citizenKey } from '../domain/citizen-key.decider.js';
import type { IdentityEvent } from '../domain/identity.messages.js';
import { citizenKeyStream } from '../domain/streams.js';
import type { KeyUseCounts } from '../key-ring/citizen-key-records.js';
import { utcDay } from '../domain/utc-day.js';
import { serviceActor } from '../key-ring/key-use.js';

export interface KeyUse {
  /** Whether there is a key to give. */
  readonly isCitizens: boolean;
  /** Call it when the key is at hand: what was refused is not counted as a use. */
  given(): void;
}

interface FirstUse {
  readonly isCitizens: boolean;
  /** By the process before this one: what looked like the first use is a further one. */
  readonly wasRecordedBefore: boolean;
}

interface Seen {
  readonly citizenId: string;
  readonly service: string;
  readonly day: string;
  /** Resolves once the first use of the day is recorded, or found not to need it. */
  readonly first: Promise<FirstUse>;
  /** Uses after the first that are only in memory yet. */
  unsaved: number;
}

/** What is remembered of the day so far; beyond it the oldest are forgotten and asked of the log again. */
const seenMax = 100_000;

/**
 * Counts who used whose key. The first use of a UTC day is in the log before the key is given; the others are counted
 * in memory, saved every second, and become one event when the day is over. A crash loses at most the last second of
 * the count, never that a service used the key that day. A repeated first use (a lost reply) counts as one more.
 */
export class KeyUses {
  readonly #seen = new Map<string, Seen>();

  constructor(
    private readonly log: EventLog<IdentityEvent>,
    private readonly counts: KeyUseCounts,
  ) {}

  /** Before the key is given. Refused when it is destroyed. */
  async use(citizenId: string, service: string, contextOf: (day: string) => CommandContext): Promise<KeyUse> {
    const day = utcDay(this.log.clock.nowMs());
    const name = `${day} ${service} ${citizenId}`;
    const before = this.#seen.get(name);
    const seen = before ?? this.#first(name, { citizenId, service, day }, contextOf(day));
    const { isCitizens, wasRecordedBefore } = await seen.first;
    const isFurther = before !== undefined || wasRecordedBefore;
    return { isCitizens, given: () => void (isCitizens && isFurther && seen.unsaved++) };
  }

  /** Saves what was counted since the last time. What cannot be saved stays counted here. */
  async save(): Promise<void> {
    const uses = [...this.#seen.values()].filter(({ unsaved }) => unsaved > 0).map((seen) => ({ seen, count: seen.unsaved }));
    if (uses.length > 0) await this.counts.add(uses.map(({ seen: { citizenId, service, day }, count }) => ({ citizenId, service, day, count })));
    for (const { seen, count } of uses) seen.unsaved -= count;
    this.#forgetOldest(utcDay(this.log.clock.nowMs()));
  }

  #first(name: string, { citizenId, service, day }: Pick<Seen, 'citizenId' | 'service' | 'day'>, context: CommandContext): Seen {
    const seen: Seen = { citizenId, service, day, unsaved: 0, first: this.#record({ type: 'UseKey', citizenId, service, day }, context) };
    this.#seen.set(name, seen);
    // Not recorded, not used: the next one is the first again.
    seen.first.catch(() => this.#seen.get(name) === seen && this.#seen.delete(name));
    return seen;
  }

  async #record(command: CitizenKeyCommand & { type: 'UseKey' }, context: CommandContext): Promise<FirstUse> {
    const { citizenId, service } = command;
    const envelope = () => ({ subject: citizenId, actor: serviceActor(service) });
    const { events, repeated } = await handle(this.log, context, [{ stream: citizenKeyStream(citizenId), decider: citizenKey, command, envelope }]);
    // Nobody's id: the same reads were done, and a write to disk that keeps nothing stands for the event.
    if (events.length === 0) await this.counts.writeDecoy();
    return { isCitizens: events.length > 0, wasRecordedBefore: repeated };
  }

  #forgetOldest(today: string): void {
    for (const [name, { day, unsaved }] of this.#seen) {
      if (day === today && this.#seen.size <= seenMax) return;
      if (unsaved === 0) this.#seen.delete(name);
    }
  }
}
