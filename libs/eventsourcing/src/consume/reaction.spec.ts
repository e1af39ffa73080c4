import { describe, expect, it } from 'vitest';
import { Refused } from '@tillid/kernel';
import { chained, handle, reactionConsumer, startingPoint, type CheckpointStore, type Reaction } from '../index.js';
import { inMemoryReadModelStore } from '../in-memory/index.js';
import { consent, consentEvents, consentLog, contextOf, envelope, type ConsentEvent } from '../world.spec-kit.js';

const withdrawn = consentEvents.pick('ConsentWithdrawn');
type Withdrawn = Extract<ConsentEvent, { type: 'ConsentWithdrawn' }>;

/** Two consents, asked for and withdrawn: events 2 and 4 are withdrawals. */
async function source() {
  const log = consentLog();
  for (const stream of ['c-1', 'c-2']) {
    await handle(log, contextOf(`ask ${stream}`), [{ stream, decider: consent, command: { type: 'Request' }, envelope }]);
    await handle(log, contextOf(`end ${stream}`), [{ stream, decider: consent, command: { type: 'Withdraw' }, envelope }]);
  }
  return chained(startingPoint, (await log.store.readAll(0, 10)).map(({ bytes }) => bytes));
}

/** Ends in another service's log, as a real one does. */
function reacting(checkpoints: CheckpointStore, react?: Reaction<Withdrawn>['react']) {
  const log = consentLog(undefined, 'other/0');
  const consumer = reactionConsumer({
    name: 'on-withdrawal',
    events: withdrawn,
    checkpoints,
    react: react ?? (({ envelope: { stream } }, context) => handle(log, context, [{ stream: `after-${stream}`, decider: consent, command: { type: 'Request' }, envelope }])),
  });
  return { log, consumer };
}

describe('a reaction', () => {
  it('answers each declared event with one command, however often the events arrive', async () => {
    const events = await source();
    const { log, consumer } = reacting(inMemoryReadModelStore());
    const next = { ...startingPoint, position: 4, chain: events[3]!.chain };
    expect(await consumer.apply('consent/0', events, next)).toEqual({ unknownTypes: 2 });
    await consumer.apply('consent/0', events, next);
    expect((await log.store.head()).position).toBe(2);
    expect(await consumer.standing('consent/0')).toEqual(next);
    const [first] = await log.store.readAll(0, 1);
    expect(log.codec.decode(first!.bytes, 1)!.envelope.causationId).toBe(Buffer.from(withdrawn.decode(events[1]!.bytes, 2)!.envelope.id).toString('hex'));
  });

  it('that fails keeps what it did and is tried again from there', async () => {
    const events = await source();
    const seen: string[] = [];
    let busy = true;
    const { consumer } = reacting(inMemoryReadModelStore(), async ({ envelope: { stream } }) => {
      if (stream === 'c-2' && busy) throw new Refused('store.full', 'busy');
      seen.push(stream);
    });
    const next = { ...startingPoint, position: 4, chain: events[3]!.chain };
    await expect(consumer.apply('consent/0', events, next)).rejects.toMatchObject({ kind: 'busy' });
    expect(await consumer.standing('consent/0')).toMatchObject({ position: 3, chain: events[2]!.chain });
    busy = false;
    await consumer.apply('consent/0', events.slice(3), next);
    expect(seen).toEqual(['c-1', 'c-2']);
  });

  it('that is refused for good says so with the code: the source is parked, not skipped', async () => {
    const events = await source();
    const { consumer } = reacting(inMemoryReadModelStore(), async () => {
      throw new Refused('consent.unknown', 'not_found');
    });
    await expect(consumer.apply('consent/0', events, { ...startingPoint, position: 4 })).rejects.toMatchObject({ name: 'CannotApply', position: 2, reason: 'reaction.refused:consent.unknown' });
    expect((await consumer.standing('consent/0')).position).toBe(1);
  });
});
