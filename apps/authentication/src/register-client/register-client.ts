import type { RegisterClientReply, RegisterClientRequest } from '@tillid/contracts/authentication/v1/service';
import { actorOf, type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { client } from '../domain/client.decider.js';
import { streams } from '../domain/streams.js';
import { write } from '../log/authentication-log.js';

const request = z.object({
  clientId: z.string().regex(/^[a-z][a-z0-9-]{1,39}$/),
  name: z.string().trim().min(1).max(80),
  kind: z.enum(['relying_service', 'citizen_agent']),
  dataProvider: z.boolean(),
});

/** From here on the client's certificate means something here. */
export async function registerClient({ log }: Pick<Authentication, 'log'>, wire: RegisterClientRequest, call: Call): Promise<RegisterClientReply> {
  const wanted = parseRequest(request, wire);
  const { position } = await log.handle(call.context(), [
    write({ stream: streams.client(wanted.clientId), decider: client, command: { type: 'RegisterClient', ...wanted }, envelope: () => ({ actor: actorOf(call.caller) }) }),
  ]);
  call.wrotePosition(position);
  return {};
}
