import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { KafkajsCluster } from './internals.js';

const load = createRequire(import.meta.url);

describe('what we use of kafkajs behind its front', () => {
  it('is there, in the version we know', () => {
    expect((load('kafkajs/package.json') as { version: string }).version).toBe('2.2.4');
    for (const method of ['connect', 'disconnect', 'addTargetTopic', 'refreshMetadata', 'removeBroker', 'findBroker', 'findTopicPartitionMetadata', 'fetchTopicsOffset']) {
      expect((KafkajsCluster.prototype as unknown as Record<string, unknown>)[method], method).toBeTypeOf('function');
    }
    const { prototype } = load('kafkajs/src/broker') as { prototype: Record<string, unknown> };
    expect(prototype['fetch']).toBeTypeOf('function');
  });

  it('sets itself no timer when nothing waits to be sent', () => {
    const { prototype } = load('kafkajs/src/network/requestQueue') as { prototype: { scheduleCheckPendingRequests(): void } };
    const queue = { pending: [] as unknown[], throttledUntil: -1, throttleCheckTimeoutId: null as NodeJS.Timeout | null, checkPendingRequests: () => undefined };
    prototype.scheduleCheckPendingRequests.call(queue);
    expect(queue.throttleCheckTimeoutId).toBeNull();
    queue.pending.push({});
    prototype.scheduleCheckPendingRequests.call(queue);
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    clearTimeout(queue.throttleCheckTimeoutId!);
  });
});
