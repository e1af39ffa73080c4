import type { Admin } from 'kafkajs';

/**
 * What relay, reader and migration need of Kafka: the one partition of a topic, and administration. `kafkaClient` gives
 * it over kafkajs; the unit tests have one in memory.
 */
export interface KafkaClient {
  /** A connection of its own, so that no reader waits for another. Rejects when no broker answers or the topic is not there. */
  openReading(topic: string): Promise<TopicReading>;
  /** An idempotent producer of its own. */
  openWriting(topic: string): Promise<TopicWriting>;
  /** On a connection made for this work and closed after it. */
  administer<Result>(work: (admin: Admin) => Promise<Result>): Promise<Result>;
}

export interface TopicReading {
  bounds(): Promise<Bounds>;
  /**
   * Records from an offset on, in order: about `maxBytes` of them, but at least one when there is one. Waits `waitMs`
   * for the first, then none. Nothing is read ahead of being asked for. Throws OffsetGone.
   */
  read(offset: number, options: { readonly maxBytes: number; readonly waitMs: number }): Promise<readonly TopicRecord[]>;
  /** Cuts a read underway short. */
  close(): Promise<void>;
}

/** No record is below `first` (any more); the next one will be at `next`. */
export interface Bounds {
  readonly first: number;
  readonly next: number;
}

export interface TopicRecord {
  readonly offset: number;
  /** Only headers that are there once. */
  readonly headers: Readonly<Record<string, Buffer>>;
  readonly value: Buffer;
}

export interface NewRecord {
  readonly headers: Readonly<Record<string, Buffer | string>>;
  readonly value: Buffer;
}

export interface TopicWriting {
  /**
   * All of them in one record batch, or none. Resolves with the offset of the first once every in-sync replica has them.
   * When it rejects they may be written or not, and this writing is spent: only a new one may go on.
   */
  append(records: readonly NewRecord[]): Promise<number>;
  /** Waits a little for an append underway, then cuts it. */
  close(): Promise<void>;
}

/** The offset is not, or no longer, in the topic: retention dropped it, or the topic was made anew. */
export class OffsetGone extends Error {
  override readonly name = 'OffsetGone';
}

export class TopicMissing extends Error {
  override readonly name = 'TopicMissing';

  constructor(topic: string) {
    super(`there is no topic ${topic}, or this caller may not see it`);
  }
}
