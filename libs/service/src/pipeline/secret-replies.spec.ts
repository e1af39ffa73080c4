import { systemIds } from '@tillid/crypto';
import { inMemoryExpiringStore } from '@tillid/eventsourcing/in-memory';
import { describe, expect, it } from 'vitest';
import { SecretReplies } from './secret-replies.js';

function replies() {
  const clock = { now: 1_000_000, nowMs: () => clock.now };
  const store = inMemoryExpiringStore();
  const secrets = new SecretReplies(store, Buffer.alloc(32, 1), clock, systemIds);
  let runs = 0;
  const run = async () => {
    const number = ++runs;
    await Promise.resolve();
    return Buffer.from(`activation code ${number}`);
  };
  return { secrets, clock, store, run, runs: () => runs };
}
const command = (id: number, fingerprint = 0) => ({ commandId: Buffer.alloc(16, id), fingerprint: Buffer.alloc(32, fingerprint), correlationId: 'c' });

describe('a reply that holds a secret', () => {
  it('is given again for five minutes, then no more', async () => {
    const { secrets, clock, run, runs } = replies();
    const first = await secrets.once(command(1), run);
    clock.now += 5 * 60_000 - 1;
    expect(await secrets.once(command(1), run)).toEqual(first);
    clock.now += 1;
    await secrets.once(command(1), run);
    expect(runs()).toBe(2);
  });

  it('is one reply when the same request comes twice at once', async () => {
    const { secrets, run, runs } = replies();
    const [left, right] = await Promise.all([secrets.once(command(1), run), secrets.once(command(1), run)]);
    expect(left).toEqual(right);
    expect(runs()).toBe(1);
  });

  it('is never given to another request under the same key', async () => {
    const { secrets, run } = replies();
    await secrets.once(command(1, 1), run);
    await expect(secrets.once(command(1, 2), run)).rejects.toMatchObject({ code: 'call.idempotency_key_reused' });
  });

  it('is not in clear in the store', async () => {
    const { secrets, store, clock, run } = replies();
    await secrets.once(command(1), run);
    const kept = await store.get(`reply-${Buffer.alloc(16, 1).toString('hex')}`, clock.now);
    expect(Buffer.from(kept!.value).toString('latin1')).not.toContain('activation');
  });

  it('is not kept when there is none', async () => {
    const { secrets, run } = replies();
    await expect(secrets.once(command(1), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect((await secrets.once(command(1), run)).toString()).toBe('activation code 1');
  });
});
