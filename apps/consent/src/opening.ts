import type { Agreement, ConsentEvent, Matter } from './domain/consent.messages.js';
import { refuse } from './domain/consent.refusals.js';
import { agreementStream, basisStream, consentStream } from './domain/streams.js';
import type { ConsentRoom } from './room.js';

type Reads = Pick<ConsentRoom, 'log'>;

/** A consent, or a share on another legal basis, as its first event tells it for good. */
export interface Opened {
  readonly kind: 'consent' | 'basis';
  readonly stream: string;
  readonly opening: { readonly providerId: string; readonly matter: Matter };
}

/** Undefined when the id names neither. */
export async function groundNamed(room: Reads, id: string): Promise<Opened | undefined> {
  const asConsent = await openingOf(room, consentStream(id));
  if (asConsent?.type === 'ConsentRequested') return { kind: 'consent', stream: consentStream(id), opening: asConsent };
  const asBasis = await openingOf(room, basisStream(id));
  if (asBasis?.type === 'ShareRequested' || asBasis?.type === 'ShareRefused') return { kind: 'basis', stream: basisStream(id), opening: asBasis };
  return undefined;
}

/** To anyone but the citizen it is about, a consent does not exist. */
export async function ownConsent(room: Pick<ConsentRoom, 'log' | 'known'>, consentId: string, citizenId: string, deadlineMs: number) {
  const stream = consentStream(consentId);
  const { receiverId, subject } = ((await openingOf(room, stream)) as ConsentEvent | undefined)?.matter ?? fail();
  const owner = await room.known.citizenAt(receiverId, subject, deadlineMs);
  if (owner?.citizenId !== citizenId) throw refuse('consent.unknown');
  return { stream, receiverId };
}

export async function agreementNamed(room: Reads, receiverId: string, agreementId: string): Promise<Agreement> {
  const opening = await openingOf(room, agreementStream(receiverId, agreementId));
  if (opening?.type !== 'AgreementRegistered') throw refuse('agreement.unknown');
  return opening;
}

async function openingOf({ log }: Reads, stream: string) {
  const [first] = await log.store.readStream(stream, 0, 1);
  return first && log.codec.decode(first.bytes, first.position)?.event;
}

function fail(): never {
  throw refuse('consent.unknown');
}
