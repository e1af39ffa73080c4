import * as audit from '@tillid/contracts/audit/v1/events';
import * as authentication from '@tillid/contracts/authentication/v1/events';
import * as consent from '@tillid/contracts/consent/v1/events';
import * as identity from '@tillid/contracts/identity/v1/events';
import * as common from '@tillid/contracts/event/v1/event';
import { Event } from '@tillid/contracts/event/v1/event';
import type { PlacedEntry } from '@tillid/eventsourcing';
import { leafHash } from '@tillid/transparency';

const packages: Readonly<Record<string, object>> = {
  'tillid.audit.v1': audit,
  'tillid.authentication.v1': authentication,
  'tillid.consent.v1': consent,
  'tillid.identity.v1': identity,
  'tillid.event.v1': common,
};

interface PayloadMessage {
  decode(bytes: Uint8Array): unknown;
  toJSON(message: unknown): unknown;
}

/** One entry as one line of JSON: where it stands, what it says, and its very bytes, from which anyone can hash it again. No `position` where those before it were not read. */
export function entryLine(bytes: Uint8Array, { leafIndex, source, position, event }: Omit<PlacedEntry, 'position'> & { readonly position?: number }): string {
  const { data: _bytesOfPayload, ...envelope } = Event.toJSON(event) as Record<string, unknown>;
  return `${JSON.stringify({
    leafIndex,
    source,
    position,
    leafHash: leafHash(bytes).toString('base64'),
    ...envelope,
    payload: payloadOf(event),
    bytes: Buffer.from(bytes).toString('base64'),
  })}\n`;
}

/** Null for a type this build does not know: the entry is in order all the same. */
function payloadOf({ type, data }: Event): unknown {
  const cut = type.lastIndexOf('.');
  const message = (packages[type.slice(0, cut)] as Record<string, PayloadMessage | undefined> | undefined)?.[type.slice(cut + 1)];
  if (typeof message?.decode !== 'function') return null;
  try {
    return message.toJSON(message.decode(data));
  } catch {
    return null;
  }
}
