import { z } from 'zod';
import type { CompleteShareReply, CompleteShareRequest } from '@tillid/contracts/consent/v1/service';
import { contextForClient, handle } from '@tillid/eventsourcing';
import { parseRequest, type Call } from '@tillid/service';
import { refuse } from '../domain/consent.refusals.js';
import { envelopeBy } from '../domain/envelope.js';
import { parseShareId } from '../domain/streams.js';
import { onGround } from '../on-ground.js';
import { groundNamed } from '../opening.js';
import { providerActor, providerIdOf } from '../provider.js';
import type { ConsentRoom } from '../room.js';

const schema = z.object({ shareId: z.string().max(60) });

/** Without this the citizen reads "authorised, not confirmed". */
export async function completeShare(room: ConsentRoom, request: CompleteShareRequest, call: Call): Promise<CompleteShareReply> {
  const { shareId } = parseRequest(schema, request);
  const named = parseShareId(shareId);
  const ground = named && (await groundNamed(room, named.id));
  if (!ground) throw refuse('share.unknown');
  const providerId = providerIdOf(call.caller);
  if (providerId !== ground.opening.providerId) throw refuse('share.not_the_provider');
  const { position } = await handle(room.log, contextForClient(call.context(), ground.opening.matter.receiverId), [
    onGround(ground, {
      command: { type: 'CompleteShare', number: named.number, providerId, nowMs: room.log.clock.nowMs() },
      envelope: envelopeBy(providerActor(call.caller)),
    }),
  ]);
  call.wrotePosition(position);
  return {};
}
