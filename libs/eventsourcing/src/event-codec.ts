import { Event } from '@tillid/contracts/event/v1/event';
import { Refused } from '@tillid/kernel';
import { limits, type Release } from './event-store.js';
import type { DomainEvent, Envelope, RecordedEvent } from './recorded-event.js';

/** What ts-proto generates for a payload message, as far as the codec needs it. */
export interface PayloadMessage<Payload> {
  encode(payload: Payload): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Payload;
}

type PayloadMessages = Readonly<Record<string, PayloadMessage<any>>>;
type PayloadOf<Message> = Message extends { decode(bytes: Uint8Array): infer Payload } ? Payload : never;
type EventOfMessages<Messages> = { [Name in keyof Messages & string]: { readonly type: Name } & PayloadOf<Messages[Name]> }[keyof Messages & string];

/** The union of a codec's events: `type ConsentEvent = EventOf<typeof consentEvents>`. */
export type EventOf<Codec> = Codec extends EventCodec<infer E> ? E : never;

/** What an event means for values held unique across the service. */
export interface Reservations {
  readonly reserve?: readonly string[];
  readonly release?: readonly Release[];
}

export interface EventCodecOptions<E extends DomainEvent> {
  /** A pure function of the event, so that a source restored from the ledger holds the same values. */
  readonly reservations?: (event: E) => Reservations;
  /**
   * By event type: step i turns a payload of revision i + 1, as decoded today (fields it did not have are empty), into
   * revision i + 2. New events are written at revision 1 + the number of steps. Released revisions never go.
   */
  readonly upcasts?: { readonly [Name in E['type']]?: readonly ((event: Extract<E, { type: Name }>) => Extract<E, { type: Name }>)[] };
}

/** Payload <-> envelope bytes, for the event types it declares. */
export interface EventCodec<E extends DomainEvent> {
  /** Short names, as in `event.type`. */
  readonly types: ReadonlySet<string>;
  /** "tillid.consent.v1.ConsentGranted". */
  fullName(type: E['type']): string;
  encode(event: E, envelope: Omit<Envelope, 'type' | 'schemaRevision'>): Buffer;
  /** Undefined for a type that is not declared here. Throws MalformedEvent for one that is, but cannot be read. */
  decode(bytes: Uint8Array, position: number): RecordedEvent<E> | undefined;
  reservations(event: E): Reservations;
  /** Only these types: what a consumer declares it knows. */
  pick<Name extends E['type']>(...names: readonly Name[]): EventCodec<Extract<E, { type: Name }>>;
  /** These types and another codec's; no short name may stand in both. */
  and<Other extends DomainEvent>(other: EventCodec<Other>): EventCodec<E | Other>;
  /** @internal */
  readonly rows: ReadonlyMap<string, CodecRow>;
}

interface CodecRow {
  readonly type: string;
  readonly fullName: string;
  readonly message: PayloadMessage<any>;
  readonly upcasts: readonly ((event: never) => DomainEvent)[];
  readonly reservations: (event: never) => Reservations;
}

/** Bytes that should be an event of a declared type and are not. A consumer that meets them parks the source. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/** `eventCodec('tillid.consent.v1', { ConsentRequested, ConsentGranted, ... })` */
export function eventCodec<const Messages extends PayloadMessages>(
  packageName: string,
  messages: Messages,
  options: EventCodecOptions<EventOfMessages<Messages>> = {},
): EventCodec<EventOfMessages<Messages>> {
  const upcasts = (options.upcasts ?? {}) as Readonly<Record<string, CodecRow['upcasts'] | undefined>>;
  const rows = Object.entries(messages).map(([type, message]): CodecRow => ({
    type,
    fullName: `${packageName}.${type}`,
    message,
    upcasts: upcasts[type] ?? [],
    reservations: (options.reservations ?? (() => ({}))) as CodecRow['reservations'],
  }));
  return codecOf(new Map(rows.map((row) => [row.fullName, row])));
}

/** Envelope and payload bytes of any event, whatever its type. Throws MalformedEvent. */
export function decodeEnvelope(bytes: Uint8Array): Event {
  try {
    const event = Event.decode(bytes);
    if (event.id.length === 16 && event.salt.length === 16 && event.source && event.type && event.stream && event.revision > 0) return event;
  } catch (cause) {
    throw new MalformedEvent('not an event', { cause });
  }
  throw new MalformedEvent('an event without id, salt, source, type, stream or revision');
}

/** False for bytes that are no event, and for an event that says it is another source's. */
export function isEventOf(source: string, bytes: Uint8Array): boolean {
  try {
    return decodeEnvelope(bytes).source === source;
  } catch (error) {
    if (error instanceof MalformedEvent) return false;
    throw error;
  }
}

function codecOf<E extends DomainEvent>(rows: ReadonlyMap<string, CodecRow>): EventCodec<E> {
  const byType = new Map([...rows.values()].map((row) => [row.type, row]));
  if (byType.size !== rows.size) throw new Error('two event types of one codec have the same short name');
  const rowOf = (type: string): CodecRow => {
    const row = byType.get(type);
    if (!row) throw new Error(`event type ${type} is not declared in this codec`);
    return row;
  };

  return {
    rows,
    types: new Set(byType.keys()),
    fullName: (type) => rowOf(type).fullName,
    encode(event, envelope) {
      const row = rowOf(event.type);
      const data = Buffer.from(row.message.encode(event as never).finish());
      const bytes = Buffer.from(Event.encode({ ...envelope, type: row.fullName, schemaRevision: row.upcasts.length + 1, data }).finish());
      if (bytes.length > limits.maxEventBytes) throw new Refused('event.too_large', 'invalid');
      return bytes;
    },
    decode(bytes, position) {
      const { data, ...envelope } = decodeEnvelope(bytes);
      const row = rows.get(envelope.type);
      return row && { event: decodePayload(row, data, envelope.schemaRevision) as E, envelope, position, bytes };
    },
    reservations: (event) => rowOf(event.type).reservations(event as never),
    pick: (...names) => codecOf(new Map(names.map((name) => [rowOf(name).fullName, rowOf(name)]))),
    and: (other) => codecOf(new Map([...rows, ...other.rows])),
  };
}

function decodePayload(row: CodecRow, data: Uint8Array, revision: number): DomainEvent {
  // A later revision may mean something this code does not know: refusing is safer than half reading it.
  if (revision < 1 || revision > row.upcasts.length + 1) throw new MalformedEvent(`${row.fullName} has no revision ${revision} here`);
  try {
    const payload: object = row.message.decode(data);
    return row.upcasts.slice(revision - 1).reduce<DomainEvent>((event, upcast) => upcast(event as never), { type: row.type, ...payload });
  } catch (cause) {
    throw new MalformedEvent(`the payload of a ${row.fullName} cannot be read`, { cause });
  }
}
