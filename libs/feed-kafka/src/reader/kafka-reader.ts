import type { FeedBatch, SourceReader } from '@tillid/eventsourcing';
import type { Logger } from '@tillid/runtime';
import { OffsetGone, type KafkaClient, type TopicReading } from '../kafka-client.js';
import { assemble } from './assemble.js';
import { locate } from './locate.js';

export interface KafkaReaderOptions {
  readonly client: KafkaClient;
  /** "consent/0" -> "tillid.consent.events"; `topicOf` of this library. */
  readonly topicOf: (source: string) => string;
  readonly logger: Logger;
  /** Read at once, and so held in memory for one subscription, beside what its handler has in hand. Default 1 MiB. */
  readonly fetchBytes?: number;
  /** A relay says every second where its source stands. This long without anything new, it is not there. Default 15 s. */
  readonly silenceMaxMs?: number;
}

export interface KafkaReader extends SourceReader {
  /** Ends every subscription. */
  close(): void;
}

const waitMs = 500;

/**
 * A source's events by way of Kafka, for `followSource({ relay })`. Each subscription has a connection and a place of its
 * own: a slow handler holds back nobody else, and what it has not asked for is not fetched. Several of one process that
 * read the same topic fetch the same bytes several times, from the broker's page cache; sharing one fetch among handlers
 * of different speed would need a buffer as large as the slowest is slow.
 */
export function kafkaReader(options: KafkaReaderOptions): KafkaReader {
  const closing = new AbortController();
  return {
    subscribe: (source, afterPosition, signal) => subscription(options, source, afterPosition, AbortSignal.any([signal, closing.signal])),
    close: () => closing.abort(),
  };
}

async function* subscription(options: KafkaReaderOptions, source: string, afterPosition: number, signal: AbortSignal): AsyncGenerator<FeedBatch> {
  const { client, topicOf, logger, fetchBytes = 1024 * 1024, silenceMaxMs = 15_000 } = options;
  const topic = topicOf(source);
  const reading = await opened(client, topic, signal);
  if (!reading) return;
  // Cuts short whatever is asked of the broker.
  const cut = () => void reading.close();
  signal.addEventListener('abort', cut, { once: true });
  try {
    let delivered = afterPosition;
    let offset = await locate(reading, delivered);
    let newsAtMs = performance.now();
    while (!signal.aborted) {
      const records = await reading.read(offset, { maxBytes: fetchBytes, waitMs }).catch(gone);
      if (!records) {
        offset = await locate(reading, delivered);
        continue;
      }
      const assembled = assemble(records, delivered);
      if (assembled.strange > 0) logger.warn({ topic, records: assembled.strange }, 'a topic holds records that no relay wrote');
      offset = (records.at(-1)?.offset ?? offset - 1) + 1;
      delivered = assembled.delivered;
      yield* assembled.batches;
      // The handler's own time is not the relay's silence.
      if (assembled.batches.length > 0) newsAtMs = performance.now();
      else if (performance.now() - newsAtMs > silenceMaxMs) throw new Error(`nothing new about ${source} came through ${topic} for ${silenceMaxMs} ms`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', cut);
    await reading.close();
  }
}

/** Undefined when told to stop meanwhile. */
async function opened(client: KafkaClient, topic: string, signal: AbortSignal): Promise<TopicReading | undefined> {
  if (signal.aborted) return undefined;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<undefined>();
  const stopping = () => stop(undefined);
  signal.addEventListener('abort', stopping, { once: true });
  const opening = client.openReading(topic);
  try {
    const reading = await Promise.race([opening, stopped]);
    if (!reading) void opening.then((late) => late.close(), () => undefined);
    return reading;
  } finally {
    signal.removeEventListener('abort', stopping);
  }
}

/** What comes next was dropped by retention while the handler was away, or the topic was made anew: look again. */
function gone(error: unknown): undefined {
  if (!(error instanceof OffsetGone)) throw error;
}
