import { newSourceKeyFile, sourceKeyFrom } from '@tillid/crypto';
import type { FeedBatch } from '@tillid/eventsourcing';
import { announcementOf, bytesOf, headOf } from './events.js';
import { consentOf } from './by-source.js';
import { evening, type Copy } from './installation.js';
import type { Act } from './kinds.js';

const consent = 'consent/0';
type Service = ReturnType<typeof consentOf>;

/** Two events come by way of a broker that does this to them. The source itself has them as they are. */
const relayed = (script: (service: Service, events: readonly [Buffer, Buffer]) => readonly FeedBatch[], hearSourceEveryMs?: number) => async (copy: Copy) => {
  const service = consentOf(copy.original);
  const events = [service.next(), service.next()] as const;
  return copy.takeIn(consent, script(service, events), { source: [service.batch(events)], ...(hearSourceEveryMs !== undefined && { hearSourceEveryMs }) });
};
const thief = sourceKeyFrom(newSourceKeyFile());

export const byBroker = {
  'N01': relayed(({ batch, past, next }) => {
    const invented = next();
    return [batch([invented], [...past, invented], thief)];
  }),
  'N02': relayed(({ batch, past }, [one, two]) => {
    const altered = Buffer.from(one);
    altered[40]! ^= 1;
    return [batch([altered, two], [...past, one, two])];
  }),
  'N03': relayed(({ batch, past }, [one, two]) => [batch([two, one], [...past, one, two])]),
  'N04': relayed(({ batch, past }, [one, two]) => [{ ...batch([two], [...past, one, two]), firstPosition: past.length + 2 }]),
  'N05': relayed(({ batch, past }, [one, two]) => [batch([one], [...past, one, two])]),
  'N06': relayed(({ batch }) => [batch([])], 0),
  'N07': relayed(({ batch, past, key }, events) => [{ firstPosition: past.length - 4, events: past.slice(-5), head: headOf(consent, key, past, evening) }, batch(events), batch(events)]),
  'N08': relayed(({ batch, past, key }) => [{ ...batch([]), head: headOf(consent, key, past.slice(0, -3), evening + 60_000) }]),
  'N09': async (copy) => {
    const { past, key, next, batch } = consentOf(copy.original);
    const fresh = sourceKeyFrom(newSourceKeyFile());
    const announced = bytesOf(announcementOf(consent, fresh, evening, key, 2));
    // For the ten minutes that nobody hears the source itself, what the thief of its last key signs counts.
    return (await copy.takeIn(consent, [batch([next()])], { source: [batch([announced], [...past, announced], fresh)], hearSourceEveryMs: 0 })).filter((noticed) => noticed !== "not the source's own");
  },
} satisfies Record<string, Act>;
