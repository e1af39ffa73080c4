import { Event } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, sourceKeyFrom, type SourceKey } from '@tillid/crypto';
import type { FeedBatch } from '@tillid/eventsourcing';
import { announcementOf, auditSource, bytesOf, chainOf, eventOf, forged, headOf } from './events.js';
import { evening, feedOf, type Copy, type Installation } from './installation.js';
import type { Act } from './kinds.js';

const consent = 'consent/0';
const later = evening + 1000;
const hourMs = 3_600_000;

interface Service {
  readonly key: SourceKey;
  readonly past: readonly Uint8Array[];
  /** A batch after what it has sent: these events, and a head over them, or over `signed`, by this key. */
  batch(events: readonly Uint8Array[], signed?: readonly Uint8Array[], key?: SourceKey, timeMs?: number): FeedBatch;
  next(more?: Partial<Event>): Buffer;
}

export function consentOf({ keys, events }: Installation): Service {
  const key = keys.get(consent)!;
  const past = events.get(consent)!;
  let revision = 0;
  return {
    key,
    past,
    batch: (fresh, signed = [...past, ...fresh], by = key, timeMs = later) => ({ firstPosition: fresh.length === 0 ? 0 : past.length + 1, events: fresh, head: headOf(consent, by, signed, timeMs) }),
    next: (more) => bytesOf(eventOf(consent, 'next', (revision += 1), later, more)),
  };
}

export const told = (script: (service: Service, installation: Installation) => readonly FeedBatch[]) => async (copy: Copy) => copy.takeIn(consent, script(consentOf(copy.original), copy.original));
/** The service itself writes it, and all signs for it: service, audit and tree. */
export const written = (change: (event: Event) => Event, at = 100) => async (copy: Copy) => {
  const { leaves, keys } = copy.original;
  const leaf = copy.original.leafOf(consent, at);
  copy.signAnew(forged(leaves, { keys: new Map([consent, auditSource].map((source) => [source, keys.get(source)!])), event: (event, index) => (index === leaf ? change(event) : event) }));
  return copy.verify();
};
const changed = (bytes: Uint8Array) => bytesOf({ ...Event.decode(bytes), subject: 'somebody-else' });
const newKey = () => sourceKeyFrom(newSourceKeyFile());

export const bySource = {
  'S01': told(({ batch, next, past }) => {
    const event = next();
    return [batch([event], [...past.with(29, changed(past[29]!)), event])];
  }),
  'S02': async (copy) => {
    const { key, past } = consentOf(copy.original);
    return copy.compare([feedOf(consent, key, past.with(29, changed(past[29]!)))]);
  },
  'S03': told(({ batch, past }) => [batch([], past.slice(0, -2))]),
  'S04': async (copy) => {
    const { key, past } = consentOf(copy.original);
    return copy.compare([feedOf(consent, key, past.slice(0, -2))]);
  },
  'S05': told(({ past, key, next }) => {
    const again = next();
    return [{ firstPosition: past.length, events: [again], head: headOf(consent, key, [...past.slice(0, -1), again], later) }];
  }),
  'S06': told(({ past, batch, next }) => {
    const [hidden, event] = [next(), next()];
    return [{ ...batch([event], [...past, hidden, event]), firstPosition: past.length + 2 }];
  }),
  'S07': told(({ batch, next, key, past }) => [{ ...batch([next()]), head: key.sign({ source: consent, position: past.length + 1, chain: Buffer.alloc(32, 9), timeMs: later }) }]),
  'S08': told(({ batch, past }) => {
    const key = newKey();
    const event = bytesOf(announcementOf(consent, key, later, undefined, 2));
    return [batch([event], [...past, event], key)];
  }),
  'S09': told(({ batch, next }) => [batch([next({ source: 'identity/0' })])]),
  'S10': told(({ batch }) => [batch([Buffer.from('no event at all')])]),
  'S11': written((event) => ({ ...event, revision: event.revision - 1 || 9 })),
  'S12': written((event) => ({ ...event, commitSize: event.commitSize + 1 })),
  'S13': written((event) => ({ ...event, occurredAt: new Date(event.occurredAt!.getTime() - hourMs) })),
  'S14': written((event) => ({ ...event, occurredAt: new Date(event.occurredAt!.getTime() + hourMs) })),
  'S15': async (copy) => {
    const { leaves, keys } = copy.original;
    const signedLater = forged(leaves, {
      keys: new Map([[auditSource, keys.get(auditSource)!]]),
      seen: (seen, nth) => (nth === 5 ? { ...seen, heads: seen.heads.map((head) => (head.source === consent ? keys.get(consent)!.sign({ ...head, timeMs: head.timeMs + hourMs }) : head)) } : seen),
    });
    copy.signAnew(signedLater);
    return copy.verify();
  },
  'S16': async (copy) => {
    const key = newKey();
    const first = bytesOf(eventOf('pension/0', 'first', 1, later));
    return copy.takeIn('pension/0', [{ firstPosition: 1, events: [first], head: headOf('pension/0', key, [first], later) }]);
  },
  'S17': told(({ batch, next, past, key }) => {
    const event = next();
    return [{ ...batch([event]), head: key.sign({ source: 'identity/0', position: past.length + 1, chain: chainOf([...past, event]), timeMs: later }) }];
  }),
  'S18': told(({ past, key, next }) => {
    const fresh = newKey();
    const [announced, event] = [bytesOf(announcementOf(consent, fresh, later, key, 2)), next()];
    return [
      { firstPosition: past.length + 1, events: [announced], head: headOf(consent, fresh, [...past, announced], later) },
      { firstPosition: past.length + 2, events: [event], head: headOf(consent, key, [...past, announced, event], later) },
    ];
  }),
  'S19': async (copy) => {
    const { past } = consentOf(copy.original);
    return copy.compare([feedOf(consent, newKey(), past)]);
  },
  'S20': async (copy) => {
    const { key, past } = consentOf(copy.original);
    const honest = feedOf(consent, key, past);
    return copy.compare([{ ...honest, async *subscribe() { for await (const batch of honest.subscribe()) yield { ...batch, events: batch.events.slice(1) }; } }]);
  },
  'S21': async (copy) => {
    const { key, past } = consentOf(copy.original);
    const honest = feedOf(consent, key, past);
    return copy.compare([{ ...honest, async *subscribe() { for await (const batch of honest.subscribe()) yield { ...batch, head: key.sign({ ...batch.head!, source: 'identity/0' }) }; } }]);
  },
} satisfies Record<string, Act>;
