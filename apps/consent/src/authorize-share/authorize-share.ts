import { z } from 'zod';
import type { AuthorizeShareReply, AuthorizeShareRequest } from '@tillid/contracts/consent/v1/service';
import { contextForClient, handle } from '@tillid/eventsourcing';
import { parseRequest, type Call } from '@tillid/service';
import type { Matter } from '../domain/consent.messages.js';
import { refuse } from '../domain/consent.refusals.js';
import { envelopeBy } from '../domain/envelope.js';
import { shareNumbered, type Shares } from '../domain/shares.js';
import { parseShareId } from '../domain/streams.js';
import { onGround } from '../on-ground.js';
import { groundNamed } from '../opening.js';
import { identityAsProvider, providerActor, providerIdOf } from '../provider.js';
import type { ConsentRoom } from '../room.js';

const schema = z.object({ shareId: z.string().max(60), receiverId: z.string().max(60) });

/**
 * A yes is appended before it is said, and to the stream a withdrawal goes to: of the two, the one that comes second
 * has seen the first. A retry of the same call hears the first answer again; valid_until says what it is still worth.
 */
export async function authorizeShare(room: ConsentRoom, request: AuthorizeShareRequest, call: Call): Promise<AuthorizeShareReply> {
  const { shareId, receiverId } = parseRequest(schema, request);
  await room.recordWatch.requireRecorded();
  const named = parseShareId(shareId);
  const ground = named && (await groundNamed(room, named.id));
  if (!ground) throw refuse('share.unknown');
  const { matter } = ground.opening;
  const providerId = providerIdOf(call.caller);
  if (providerId !== ground.opening.providerId) throw refuse('share.not_the_provider');
  // Before anything is written: whoever came by a share's id cannot spend its one yes.
  if (receiverId !== matter.receiverId) throw refuse('share.unknown');
  // First, so that a yes we cannot deliver is not counted against the citizen's cap.
  const subject = await subjectAtProvider(room, matter, providerId, call.deadlineMs);

  let shares: Shares | undefined;
  const { events, position } = await handle(room.log, contextForClient(call.context(), matter.receiverId), [
    onGround(ground, {
      command: { type: 'AuthorizeShare', number: named.number, providerId, nowMs: room.log.clock.nowMs() },
      envelope: envelopeBy(providerActor(call.caller)),
      seen: (before) => (shares = before),
    }),
  ]);
  call.wrotePosition(position);

  const event = events[0]?.event;
  if (event?.type === 'ShareRefused') throw refuse(event.reason);
  // Nothing written: it is asked a second time within its minute, and the yes still stands.
  const yes = event?.type === 'ShareAuthorized' ? event : shareNumbered(shares!, named.number)!;
  return {
    subject,
    attributes: [...yes.attributes],
    receiverId: matter.receiverId,
    purpose: matter.purpose,
    basis: matter.basis,
    validUntil: new Date(yes.validUntilMs!),
  };
}

/** Never the receiver's pseudonym: provider and receiver know the citizen under names of their own. */
async function subjectAtProvider(room: ConsentRoom, matter: Matter, providerId: string, deadlineMs: number): Promise<string> {
  const citizen = await room.known.citizenAt(matter.receiverId, matter.subject, deadlineMs);
  if (!citizen) throw refuse('share.unknown');
  if (providerId === identityAsProvider) return citizen.citizenId;
  return (await room.known.pseudonymAt(providerId, citizen.citizenId)) ?? room.peers.linkSubject(citizen.citizenId, providerId, deadlineMs);
}
