import { createRequire } from 'node:module';
import type { ISocketFactory, Logger, PartitionMetadata, RetryOptions } from 'kafkajs';

/**
 * What we use of kafkajs 2.2.4 that is not on its front. It reads only through consumer groups; we want none: a
 * subscription's place is its consumer's own checkpoint, so a group would only add an assignment to wait for, heartbeats
 * while a handler works, and rebalances. The version is pinned and the project at rest; a unit spec holds these shapes.
 */
export interface KafkajsCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  removeBroker(destination: { readonly host: string; readonly port: number }): void;
  findBroker(which: { readonly nodeId: number }): Promise<KafkajsBroker>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  fetchTopicsOffset(topics: readonly OffsetQuery[]): Promise<readonly { readonly partitions: readonly { readonly offset: string }[] }[]>;
}

interface OffsetQuery {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number }[];
  readonly fromBeginning: boolean;
}

export interface KafkajsBroker {
  fetch(request: FetchRequest): Promise<{ readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly FetchedMessage[] }[] }[] }>;
}

interface FetchRequest {
  readonly isolationLevel: number;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[] }[];
}

export interface FetchedMessage {
  readonly offset: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | undefined>>;
  readonly isControlRecord: boolean;
}

interface ClusterOptions {
  readonly logger: Logger;
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly socketFactory: ISocketFactory;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly metadataMaxAge: number;
  readonly retry: RetryOptions;
  readonly allowAutoTopicCreation: boolean;
  readonly maxInFlightRequests: number | null;
  readonly isolationLevel: number;
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const load = createRequire(import.meta.url);
const requestQueue = load('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };

export const KafkajsCluster = load('kafkajs/src/cluster') as new (options: ClusterOptions) => KafkajsCluster;

/**
 * A connection that has nothing to send sets itself a timer for a time long past, and again when that fires: a thousand
 * wake-ups a second each, 3 % of a core at rest, and a warning from Node. There is something to look for only while
 * requests wait.
 */
const schedule = requestQueue.prototype.scheduleCheckPendingRequests;
requestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) schedule.call(this);
};
