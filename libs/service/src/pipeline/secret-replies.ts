import { createHash } from 'node:crypto';
import { constantTimeEqual, open, seal } from '@tillid/crypto';
import type { CommandContext, ExpiringStore } from '@tillid/eventsourcing';
import { Refused, type Clock, type Ids } from '@tillid/kernel';

const keptMs = 5 * 60_000;

/**
 * Replies that hold a secret which is stored nowhere: kept for five minutes, sealed, and repeated to the same caller, key
 * and request. Two of the same at once run the handler once. A crash between the handler and the keeping leaves a
 * command that is done and a reply that is lost: the handler then meets its own command again and answers as it can.
 */
export class SecretReplies {
  private readonly running = new Map<string, Promise<Buffer>>();

  constructor(
    private readonly store: ExpiringStore,
    private readonly key: Uint8Array,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  async once(context: CommandContext, run: () => Promise<Buffer>): Promise<Buffer> {
    const name = `reply-${Buffer.from(context.commandId).toString('hex')}`;
    const kept = await this.kept(name, context);
    if (kept) return kept;
    // Same id, other request: the other one may not hear this one's answer.
    const flight = `${name}-${Buffer.from(context.fingerprint).toString('hex')}`;
    const underway = this.running.get(flight);
    if (underway) return underway;
    const running = this.runAndKeep(name, context, run).finally(() => this.running.delete(flight));
    this.running.set(flight, running);
    return running;
  }

  private async runAndKeep(name: string, context: CommandContext, run: () => Promise<Buffer>): Promise<Buffer> {
    const reply = await run();
    const nowMs = this.clock.nowMs();
    const value = Buffer.concat([context.fingerprint, seal(this.key, reply, place(name), this.ids)]);
    const version = await this.store.compareAndSet(name, 0, value, nowMs + keptMs, nowMs);
    if (version !== undefined) return reply;
    // Someone else was first (their reply is the one both give), or the store is full (the caller still gets this one).
    return (await this.kept(name, context)) ?? reply;
  }

  private async kept(name: string, context: CommandContext): Promise<Buffer | undefined> {
    const entry = await this.store.get(name, this.clock.nowMs());
    if (!entry) return undefined;
    if (!constantTimeEqual(entry.value.subarray(0, 32), context.fingerprint)) throw new Refused('call.idempotency_key_reused', 'invalid');
    return open(this.key, entry.value.subarray(32), place(name));
  }
}

function place(name: string): string {
  return `tillid-secret-reply/v1\n${name}`;
}

/** A key of its own for sealing replies, from the secret that makes fingerprints. */
export function secretReplyKey(callSecret: Uint8Array): Buffer {
  return createHash('sha256').update('tillid-secret-reply-key/v1\n').update(callSecret).digest();
}
