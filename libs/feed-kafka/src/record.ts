import { Event, SignedHead } from '@tillid/contracts/event/v1/event';
import { limits, type SourceEvent } from '@tillid/eventsourcing';
import type { NewRecord, TopicRecord } from './kafka-client.js';

/**
 * What a record of the topic is. An event: its exact bytes, where it stands and the chain after it, and for tools that
 * know CloudEvents and traces what they look for. A head: the source's word for everything up to it. Both say position
 * and chain. No subject, though CloudEvents has one: headers are what brokers, tools and logs show.
 */
const names = { record: 'tillid_record', position: 'tillid_position', chain: 'tillid_chain' } as const;

const chainBytes = 32;
/** A head is some 150 bytes. */
const headBytesMax = 1024;

export type FeedRecord =
  | { readonly kind: 'event'; readonly offset: number; readonly position: number; readonly chain: Buffer; readonly bytes: Buffer }
  | { readonly kind: 'head'; readonly offset: number; readonly position: number; readonly chain: Buffer; readonly head: SignedHead };

export function eventRecord({ position, chain, bytes }: SourceEvent): NewRecord {
  return { headers: { ...placeHeaders('event', position, chain), ...cloudEventHeaders(bytes) }, value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

export function headRecord(head: SignedHead): NewRecord {
  return { headers: placeHeaders('head', head.position, head.chain), value: Buffer.from(SignedHead.encode(head).finish()) };
}

/** Undefined for anything the relay did not write like this. That it looks like one proves nothing: `takeIn` does that. */
export function readRecord({ offset, headers, value }: TopicRecord): FeedRecord | undefined {
  const position = positionIn(headers[names.position]);
  const chain = headers[names.chain];
  if (position === undefined || chain?.length !== chainBytes) return undefined;
  switch (headers[names.record]?.toString('latin1')) {
    case 'event':
      return position > 0 && value.length <= limits.maxEventBytes ? { kind: 'event', offset, position, chain, bytes: value } : undefined;
    case 'head': {
      const head = value.length <= headBytesMax ? headIn(value) : undefined;
      return head?.position === position && head.chain.equals(chain) ? { kind: 'head', offset, position, chain, head } : undefined;
    }
    default:
      return undefined;
  }
}

/** About what it takes on the wire: value, headers, and a little for each. */
export function sizeOf({ headers, value }: NewRecord): number {
  return Object.entries(headers).reduce((sum, [name, header]) => sum + name.length + header.length + 4, value.length + 24);
}

function placeHeaders(record: FeedRecord['kind'], position: number, chain: Uint8Array) {
  return { [names.record]: record, [names.position]: String(position), [names.chain]: Buffer.from(chain) };
}

/** Nothing here decides anything: an event that cannot be read goes out without them. */
function cloudEventHeaders(bytes: Uint8Array): Record<string, string> {
  const event = decoded(bytes);
  if (!event) return {};
  return {
    'content-type': 'application/protobuf',
    ce_specversion: '1.0',
    ce_id: event.id.toString('hex'),
    ce_source: event.source,
    ce_type: event.type,
    ...(event.occurredAt && { ce_time: event.occurredAt.toISOString() }),
    // An event does not say whether its trace is sampled; whoever reads this decides for itself.
    ...(event.traceParent.length === 24 && { traceparent: `00-${event.traceParent.toString('hex', 0, 16)}-${event.traceParent.toString('hex', 16)}-01` }),
  };
}

function decoded(bytes: Uint8Array): Event | undefined {
  try {
    return Event.decode(bytes);
  } catch {
    return undefined;
  }
}

function headIn(value: Buffer): SignedHead | undefined {
  try {
    return SignedHead.decode(value);
  } catch {
    return undefined;
  }
}

function positionIn(header: Buffer | undefined): number | undefined {
  const text = header?.toString('latin1') ?? '';
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const position = Number(text);
  return Number.isSafeInteger(position) ? position : undefined;
}
