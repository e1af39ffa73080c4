import { z } from 'zod';
import { ActorKind } from '@tillid/contracts/event/v1/event';
import type { RegisterAgreementReply, RegisterAgreementRequest } from '@tillid/contracts/consent/v1/service';
import { handle } from '@tillid/eventsourcing';
import { parseRequest, type Call } from '@tillid/service';
import { agreement } from '../domain/agreement.decider.js';
import { refuse } from '../domain/consent.refusals.js';
import { limits } from '../domain/limits.js';
import { agreementStream } from '../domain/streams.js';
import * as fields from '../fields.js';
import { identityAsProvider } from '../provider.js';
import type { ConsentRoom } from '../room.js';

const schema = z.object({
  agreementId: fields.agreementId,
  receiverId: fields.callerId,
  providerId: fields.callerId,
  attributes: fields.names(limits.attributesPerAgreement),
  purposes: fields.names(limits.purposesPerAgreement),
  legalBases: z.array(fields.legalBasis).max(5),
  expiresAt: fields.instant,
});

export async function registerAgreement(room: ConsentRoom, request: RegisterAgreementRequest, call: Call): Promise<RegisterAgreementReply> {
  const { expiresAt: expiresAtMs, ...asked } = parseRequest(schema, request);
  if (!(await room.known.relyingService(asked.receiverId, call.deadlineMs))) throw unknownClient('receiver_id');
  if (!(await isProvider(room, asked.providerId, call.deadlineMs))) throw unknownClient('provider_id');
  const { position } = await handle(room.log, call.context(), [
    {
      stream: agreementStream(asked.receiverId, asked.agreementId),
      decider: agreement,
      command: { type: 'RegisterAgreement', ...asked, expiresAtMs },
      envelope: () => ({ clientId: asked.receiverId, actor: { kind: ActorKind.OPERATOR, id: call.caller.id } }),
    },
  ]);
  call.wrotePosition(position);
  return {};
}

async function isProvider(room: ConsentRoom, providerId: string, deadlineMs: number): Promise<boolean> {
  if (providerId === identityAsProvider) return true;
  return (await room.known.relyingService(providerId, deadlineMs))?.dataProvider === true;
}

function unknownClient(field: string) {
  return refuse('client.unknown', { fields: [{ field, description: field === 'provider_id' ? 'not a data provider' : 'not a relying service' }] });
}
