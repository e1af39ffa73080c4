import { ConsentWithdrawn, ShareAuthorized } from '@tillid/contracts/consent/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { eventCodec, hashOf } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { describe, expect, it } from 'vitest';
import { RecordWatch } from './record-watch.js';

const limitMs = 60_000;
const everything = eventCodec('tillid.consent.v1', { ConsentWithdrawn, ShareAuthorized });

/** Consent's own log, and an audit that has this much of it under its signed tree; undefined: it does not answer. */
function installation(counting: Pick<typeof everything, 'decode'> = everything.pick('ShareAuthorized')) {
  const store = inMemoryEventStore();
  let nowMs = 1_000_000;
  let integrated: number | undefined = 0;
  let count = 0;
  const append = async (type: string) => {
    count += 1;
    const event = Event.encode(Event.fromPartial({ id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 1), source: 'consent/0', type, schemaRevision: 1, stream: `s-${count}`, revision: 1, occurredAt: new Date(nowMs) })).finish();
    await store.append({ commandId: hashOf('test', String(count)).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream: `s-${count}`, expectedRevision: 0, events: [event] }] });
  };
  const newWatch = () => new RecordWatch({
    store,
    counting,
    clock: { nowMs: () => nowMs },
    limitMs,
    integratedPosition: async () => {
      if (integrated === undefined) throw new Error('audit is away');
      return integrated;
    },
  });
  return {
    newWatch,
    share: () => append('tillid.consent.v1.ShareAuthorized'),
    other: () => append('tillid.consent.v1.ConsentWithdrawn'),
    passes: (ms: number) => void (nowMs += ms),
    auditHas: (position: number | undefined) => void (integrated = position),
  };
}
const look = (watch: RecordWatch) => watch.look().catch(() => undefined);

describe('sharing, when audit does not take shares in', () => {
  it('goes on for as long as a share may wait, stops then, and goes on the moment audit has it', async () => {
    const { newWatch, share, passes, auditHas } = installation();
    const watch = newWatch();
    await share();
    await look(watch);
    passes(limitMs);
    await watch.requireRecorded();
    passes(1);
    await expect(watch.requireRecorded()).rejects.toThrow('audit.unavailable');
    auditHas(1);
    await look(watch);
    await watch.requireRecorded();
  });

  it('stops as well when audit does not answer at all, and counts from the oldest share it does not have', async () => {
    const { newWatch, share, other, passes, auditHas } = installation();
    const watch = newWatch();
    await share();
    auditHas(1);
    await look(watch);
    auditHas(undefined);
    await other();
    passes(limitMs);
    await share();
    await look(watch);
    await watch.requireRecorded();
    passes(limitMs);
    await share();
    await look(watch);
    await watch.requireRecorded();
    passes(1);
    await expect(watch.requireRecorded()).rejects.toThrow('audit.unavailable');
  });

  it('is not stopped by what is no share, or by a log without one: at the first start nothing waits', async () => {
    const { newWatch, other, passes, auditHas } = installation();
    auditHas(undefined);
    const watch = newWatch();
    await watch.requireRecorded();
    await other();
    passes(10 * limitMs);
    await look(watch);
    await watch.requireRecorded();
  });

  it('is not forgotten by a restart: until audit has answered, every share counts as waiting', async () => {
    const { newWatch, share, other, passes, auditHas } = installation();
    await other();
    await share();
    passes(limitMs + 1);
    auditHas(undefined);
    const restarted = newWatch();
    await expect(restarted.requireRecorded()).rejects.toThrow('audit.unavailable');
    auditHas(2);
    await look(restarted);
    await restarted.requireRecorded();
  });

  it('never believes that the record became shorter', async () => {
    const { newWatch, share, passes, auditHas } = installation();
    const watch = newWatch();
    await share();
    auditHas(1);
    await look(watch);
    auditHas(0);
    passes(2 * limitMs);
    await look(watch);
    await watch.requireRecorded();
  });

  it('may count every event: then whatever waits too long stops it, and a log that was never recorded too', async () => {
    const { newWatch, other, passes, auditHas } = installation(everything);
    auditHas(undefined);
    const watch = newWatch();
    await watch.requireRecorded();
    await other();
    passes(limitMs + 1);
    await look(watch);
    await expect(watch.requireRecorded()).rejects.toThrow('audit.unavailable');
  });
});
