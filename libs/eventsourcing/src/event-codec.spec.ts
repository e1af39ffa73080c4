import { describe, expect, it } from 'vitest';
import { ConsentGranted, ConsentRefused } from '@tillid/contracts/consent/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { commonEvents, eventCodec, MalformedEvent, type Envelope } from './index.js';
import { consentEvents, granted } from './world.spec-kit.js';

const envelope: Omit<Envelope, 'type' | 'schemaRevision'> = {
  id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 2), source: 'consent/0', stream: 'consent-c', revision: 2, occurredAt: new Date('2026-11-24T12:00:00.125Z'),
  subject: 'pseudonym-1', actor: { kind: 6, id: 'fjordbanken', onBehalfOf: '' }, clientId: 'fjordbanken', correlationId: 'correlation-1', causationId: '',
  traceParent: Buffer.alloc(24, 3), authority: { basis: 'c', purpose: 'ServiceProvision' }, outcome: { result: 1, reason: '' }, encrypted: Buffer.alloc(0),
  commandId: Buffer.alloc(16, 4), commitIndex: 0, commitSize: 1,
};

/** ConsentGranted of revision 1 as it was released. These bytes never change; code that can no longer read them is wrong. */
const goldenConsentGranted = '0a10010101010101010101010101010101011210020202020202020202020202020202021a09636f6e73656e742f30222074696c6c69642e636f6e73656e742e76312e436f6e73656e744772616e74656428013209636f6e73656e742d633802420b08c0f895d80610c0b2cd3b4a0b70736575646f6e796d2d31520f0806120b666a6f726462616e6b656e5a0b666a6f726462616e6b656e620d636f7272656c6174696f6e2d3172180303030303030303030303030303030303030303030303037a150a016312105365727669636550726f766973696f6e82010208018a013e0a016312076772616e742d311a0761646472657373222007070707070707070707070707070707070707070707070707070707070707072880c0a8ca9a3a9a011004040404040404040404040404040404a80101';

describe('the event codec', () => {
  it('reads back what it wrote, envelope and payload', () => {
    const bytes = consentEvents.encode(granted('grant-1'), envelope);
    const recorded = consentEvents.decode(bytes, 7)!;
    expect(recorded.event).toEqual(granted('grant-1'));
    expect(recorded.envelope).toEqual({ ...envelope, type: 'tillid.consent.v1.ConsentGranted', schemaRevision: 1 });
    expect(recorded.position).toBe(7);
    expect(recorded.bytes).toBe(bytes);
  });

  it('still folds the bytes of a released revision', () => {
    const recorded = consentEvents.decode(Buffer.from(goldenConsentGranted, 'hex'), 1)!;
    expect(recorded.event).toEqual(granted('grant-1'));
    expect(recorded.envelope.occurredAt).toEqual(new Date('2026-11-24T12:00:00.125Z'));
    expect(recorded.envelope.actor).toEqual({ kind: 6, id: 'fjordbanken', onBehalfOf: '' });
    // What is written today is what was written then: a leaf hash depends on it.
    expect(consentEvents.encode(granted('grant-1'), envelope).toString('hex')).toBe(goldenConsentGranted);
  });

  it('upcasts an old revision on read, and writes the new one', () => {
    const changed = eventCodec('tillid.consent.v1', { ConsentGranted }, {
      upcasts: { ConsentGranted: [(event) => ({ ...event, attributes: event.attributes.map((name) => `https://data.gov.dk/${name}`) })] },
    });
    const old = changed.decode(consentEvents.encode(granted('grant-1'), envelope), 1)!;
    expect(old.event.attributes).toEqual(['https://data.gov.dk/address']);

    const event = { type: 'ConsentGranted' as const, consentId: 'c', grantId: 'g', attributes: ['https://data.gov.dk/address'], textHash: Buffer.alloc(0), expiresAtMs: 0 };
    const written = changed.decode(changed.encode(event, envelope), 1)!;
    expect(written.event).toEqual(event);
    expect(written.envelope.schemaRevision).toBe(2);
  });

  it('refuses to half read a revision it does not know yet', () => {
    const { data } = Event.decode(consentEvents.encode(granted('grant-1'), envelope));
    const newer = Buffer.from(Event.encode({ ...envelope, type: 'tillid.consent.v1.ConsentGranted', schemaRevision: 2, data }).finish());
    expect(() => consentEvents.decode(newer, 1)).toThrow(MalformedEvent);
  });

  it('says "not mine" to another type, and "malformed" to bytes that are no event', () => {
    const refused = eventCodec('tillid.consent.v1', { ConsentRefused }).encode({ type: 'ConsentRefused', consentId: 'c' }, envelope);
    expect(consentEvents.decode(refused, 1)).toBeUndefined();
    expect(consentEvents.pick('ConsentWithdrawn').decode(consentEvents.encode(granted('g'), envelope), 1)).toBeUndefined();
    expect(() => consentEvents.decode(Buffer.from('not an event'), 1)).toThrow(MalformedEvent);
    expect(() => consentEvents.decode(Buffer.alloc(0), 1)).toThrow(MalformedEvent);
    expect(() => consentEvents.decode(Buffer.from(Event.encode({ ...Event.create(), type: 'x' }).finish()), 1)).toThrow(MalformedEvent);
  });

  it('refuses an event that would not fit in a leaf', () => {
    const huge = { ...granted('grant-1'), attributes: Array.from({ length: 61 }, () => 'a'.repeat(1024)) };
    expect(() => consentEvents.encode(huge, envelope)).toThrow(expect.objectContaining({ code: 'event.too_large', kind: 'invalid' }));
  });

  it('joins what two packages declare, but never two types of one name', () => {
    const both = consentEvents.and(commonEvents);
    expect(both.types).toContain('SourceKeyAnnounced');
    expect(both.decode(consentEvents.encode(granted('grant-1'), envelope), 1)?.event.type).toBe('ConsentGranted');
    expect(() => consentEvents.and(eventCodec('tillid.other.v1', { ConsentGranted }))).toThrow(/same short name/);
  });
});
