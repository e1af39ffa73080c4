import type { TakeSignInReply, TakeSignInRequest } from '@tillid/contracts/authentication/v1/service';
import { type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { secret } from '../fields.js';

const request = z.object({ handOver: secret });

/** Any citizen agent may take a hand-over, once; what it shows the citizen is who asked, from our register and not from the browser. */
export async function takeSignIn({ signIns }: Authentication, wire: TakeSignInRequest, call: Call): Promise<TakeSignInReply> {
  const { handOver } = parseRequest(request, wire);
  const { entry, agentSecret } = await signIns.take(call.context(), call.caller.id, handOver);
  return { signInId: entry.signInId, agentSecret, clientName: entry.beginner.name, clientId: entry.beginner.id, level: entry.asked };
}
