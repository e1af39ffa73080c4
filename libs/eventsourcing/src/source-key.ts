import { LogContinued } from '@tillid/contracts/audit/v1/events';
import { commonEvents } from './common-events.js';
import { eventCodec } from './event-codec.js';
import { signedBy } from './signed-head.js';

const announcements = commonEvents.pick('SourceKeyAnnounced');
/** The first event of audit's source in a log that continues another announces its key with the rest. */
const continuations = eventCodec('tillid.audit.v1', { LogContinued });
/** Stands in every announcement as it is stored: other events are told apart by it without being decoded. */
const announcementType = Buffer.from(announcements.fullName('SourceKeyAnnounced'));

/** The exact bytes by which the key in force vouches for the next: event.proto, SourceKeyAnnounced. */
export function keySuccessionText(source: string, key: Uint8Array, nextKey: Uint8Array): Buffer {
  return Buffer.from(`tillid-source-key/v1\n${source}\n${Buffer.from(key).toString('base64')}\n${Buffer.from(nextKey).toString('base64')}\n`);
}

/** The key an event of the source announces, vouched for or not: of its first event, the source's first key. */
export function announcedKey(source: string, event: Uint8Array): Buffer | undefined {
  return announcementOf(source, event)?.publicKey ?? keyOfContinuation(source, event);
}

/**
 * The key in force once this event of the source has happened: `key` itself, unless the event announces another one that
 * `key` vouches for. Whether the event counts is not asked here; a verified head says that.
 */
export function keyAfter(source: string, key: Uint8Array, event: Uint8Array): Uint8Array {
  const announced = announcementOf(source, event);
  return announced && signedBy(key, keySuccessionText(source, key, announced.publicKey), announced.signature) ? announced.publicKey : key;
}

/** True for every event that says it is an announcement, readable or not. */
export function claimsToAnnounceKey(event: Uint8Array): boolean {
  if (!holdsTheType(event)) return false;
  try {
    return announcements.decode(event, 1) !== undefined;
  } catch {
    return true;
  }
}

function announcementOf(source: string, event: Uint8Array): { readonly publicKey: Buffer; readonly signature: Buffer } | undefined {
  if (!holdsTheType(event)) return undefined;
  try {
    const announced = announcements.decode(event, 1);
    if (!announced || announced.envelope.source !== source || announced.event.source !== source) return undefined;
    return announced.event.publicKey.length === 32 ? announced.event : undefined;
  } catch {
    return undefined;
  }
}

function keyOfContinuation(source: string, event: Uint8Array): Buffer | undefined {
  try {
    const continued = continuations.decode(event, 1);
    return continued?.envelope.source === source && continued.event.source === source && continued.event.publicKey.length === 32 ? continued.event.publicKey : undefined;
  } catch {
    return undefined;
  }
}

function holdsTheType(event: Uint8Array): boolean {
  return Buffer.from(event.buffer, event.byteOffset, event.byteLength).includes(announcementType);
}
