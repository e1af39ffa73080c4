import * as audit from '@tillid/contracts/audit/v1/events';
import * as authentication from '@tillid/contracts/authentication/v1/events';
import * as consent from '@tillid/contracts/consent/v1/events';
import * as identity from '@tillid/contracts/identity/v1/events';
import { decodeEnvelope, eventCodec, type DomainEvent, type EventCodec, type RecordedEvent } from '@tillid/eventsourcing';

/** What an access log shows of any event, of whatever type: the envelope, and the names of attributes where there are any. */
export interface EntryEvent {
  readonly type: 'Entry';
  readonly attributes: readonly string[];
}

/** Payloads that name attributes. */
const withAttributes: ReadonlyMap<string, { decode(bytes: Uint8Array): { readonly attributes: readonly string[] } }> = new Map(
  Object.entries({
    'tillid.identity.v1.CitizenRegistered': identity.CitizenRegistered,
    'tillid.identity.v1.CitizenRead': identity.CitizenRead,
    'tillid.identity.v1.AttributesReleased': identity.AttributesReleased,
    'tillid.consent.v1.ConsentRequested': consent.ConsentRequested,
    'tillid.consent.v1.ConsentGranted': consent.ConsentGranted,
    'tillid.consent.v1.ShareRequested': consent.ShareRequested,
    'tillid.consent.v1.ShareAuthorized': consent.ShareAuthorized,
  }),
);

/**
 * Reads every event there is or will be: a citizen's log must not leave out what this version does not know. A payload
 * that cannot be read still has an envelope, and so still shows.
 */
export const entryEvents: EventCodec<EntryEvent> = {
  ...(eventCodec('tillid.audit.v1', {}) as unknown as EventCodec<EntryEvent>),
  decode(bytes, position): RecordedEvent<EntryEvent> {
    const { data, ...envelope } = decodeEnvelope(bytes);
    return { event: { type: 'Entry', attributes: attributesOf(envelope.type, data) }, envelope, position, bytes };
  },
};

function attributesOf(type: string, data: Uint8Array): readonly string[] {
  try {
    return withAttributes.get(type)?.decode(data).attributes ?? [];
  } catch {
    return [];
  }
}

export const clientEvents = rare(eventCodec('tillid.authentication.v1', { ClientRegistered: authentication.ClientRegistered }));
export const linkEvents = rare(eventCodec('tillid.authentication.v1', { SubjectLinked: authentication.SubjectLinked }));
export const readingEvents = rare(eventCodec('tillid.audit.v1', { AccessLogRead: audit.AccessLogRead, EntriesRead: audit.EntriesRead }));

/** For types that are few among the many: an event whose bytes do not hold the type's name is not decoded to find that out. */
function rare<E extends DomainEvent>(codec: EventCodec<E>): EventCodec<E> {
  const names = [...codec.rows.keys()].map((name) => Buffer.from(name, 'utf8'));
  return {
    ...codec,
    decode(bytes, position) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      return names.some((name) => view.includes(name)) ? codec.decode(bytes, position) : undefined;
    },
  };
}
