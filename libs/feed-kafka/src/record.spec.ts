import { chained, startingPoint } from '@tillid/eventsourcing';
import { describe, expect, it } from 'vitest';
import { announcedLog, source } from '../test/announced-log.js';
import type { NewRecord, TopicRecord } from './kafka-client.js';
import { eventRecord, headRecord, readRecord, sizeOf } from './record.js';

const written = ({ headers, value }: NewRecord): TopicRecord => ({ offset: 5, value, headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, Buffer.from(header as Buffer)])) });

async function sample() {
  const log = await announcedLog();
  const [stored] = await log.store.readAll(0, 1);
  const [event] = chained(startingPoint, [stored!.bytes]);
  return { ...log, event: event! };
}

describe('a record of an event', () => {
  it('is its exact bytes, where it stands, and what tools for CloudEvents and traces look for', async () => {
    const { event, traceParent } = await sample();
    const record = eventRecord(event);
    expect(record.value.equals(event.bytes)).toBe(true);
    expect(record.headers).toEqual({
      tillid_record: 'event', tillid_position: '1', tillid_chain: Buffer.from(event.chain), 'content-type': 'application/protobuf',
      ce_specversion: '1.0', ce_id: expect.stringMatching(/^[0-9a-f]{32}$/), ce_source: source, ce_type: 'tillid.event.v1.SourceKeyAnnounced', ce_time: '2026-11-24T12:00:00.000Z',
      traceparent: `00-${traceParent.toString('hex', 0, 16)}-${traceParent.toString('hex', 16)}-01`,
    });
    expect(readRecord(written(record))).toEqual({ kind: 'event', offset: 5, position: 1, chain: Buffer.from(event.chain), bytes: Buffer.from(event.bytes) });
  });

  it('shows nothing of whom it is about beside its value', async () => {
    const { event } = await sample();
    const headers = Object.values(eventRecord(event).headers).map((header) => Buffer.from(header as Buffer).toString('latin1'));
    expect(Buffer.from(event.bytes).toString('latin1')).toContain('citizen-1');
    expect(headers.join('\n')).not.toContain('citizen-1');
  });

  it('goes out without them when it cannot be read: it is the source that says what an event is', async () => {
    const { event } = await sample();
    const record = eventRecord({ ...event, bytes: Buffer.from([0xff, 0xff, 0xff]) });
    expect(Object.keys(record.headers)).toEqual(['tillid_record', 'tillid_position', 'tillid_chain']);
  });

  it('has a size close to what it takes', async () => {
    const { event } = await sample();
    expect(sizeOf(eventRecord(event)) - event.bytes.length).toBeGreaterThan(250);
    expect(sizeOf(eventRecord(event)) - event.bytes.length).toBeLessThan(600);
  });
});

describe('a record of a head', () => {
  it('is the head, as it was signed', async () => {
    const { event, signHead } = await sample();
    const head = signHead(1, event.chain, 42);
    expect(readRecord(written(headRecord(head)))).toEqual({ kind: 'head', offset: 5, position: 1, chain: head.chain, head });
  });
});

describe('a record that no relay wrote', () => {
  it.each<[string, (event: TopicRecord, head: TopicRecord) => TopicRecord]>([
    ['without headers', (event) => ({ ...event, headers: {} })],
    ['of another kind', (event) => ({ ...event, headers: { ...event.headers, tillid_record: Buffer.from('marker') } })],
    ['without a position', ({ headers: { tillid_position: _position, ...headers }, ...event }) => ({ ...event, headers })],
    ['at a position that is no number', (event) => ({ ...event, headers: { ...event.headers, tillid_position: Buffer.from('1e3') } })],
    ['at a position beyond counting', (event) => ({ ...event, headers: { ...event.headers, tillid_position: Buffer.from('9999999999999999') } })],
    ['at position 0', (event) => ({ ...event, headers: { ...event.headers, tillid_position: Buffer.from('0') } })],
    ['with a short chain', (event) => ({ ...event, headers: { ...event.headers, tillid_chain: Buffer.alloc(31) } })],
    ['larger than any event', (event) => ({ ...event, value: Buffer.alloc(60 * 1024 + 1) })],
    ['a head that says another position than its header', (_event, head) => ({ ...head, headers: { ...head.headers, tillid_position: Buffer.from('2') } })],
    ['a head that says another chain than its header', (_event, head) => ({ ...head, headers: { ...head.headers, tillid_chain: Buffer.alloc(32, 9) } })],
    ['a head of a megabyte', (_event, head) => ({ ...head, value: Buffer.alloc(1024 * 1024) })],
    ['a head that is no message', (_event, head) => ({ ...head, value: Buffer.from([0xff, 0xff]) })],
    ['a head without a value', (_event, head) => ({ ...head, value: Buffer.alloc(0) })],
  ])('is nothing: %s', async (_what, spoil) => {
    const { event, signHead } = await sample();
    const spoilt = spoil(written(eventRecord(event)), written(headRecord(signHead(1, event.chain, 42))));
    expect(readRecord(spoilt)).toBeUndefined();
  });
});
