import type { BeginSignInReply, BeginSignInRequest } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { type Call, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { highestLevel } from '../domain/assurance.js';

const request = z.object({ level: z.number().int().min(AssuranceLevel.UNSPECIFIED).max(highestLevel) });

/** Leaves nothing in the log: that somebody asked is not yet that anybody came. */
export async function beginSignIn({ clients, signIns }: Authentication, wire: BeginSignInRequest, call: Call): Promise<BeginSignInReply> {
  const { level } = parseRequest(request, wire);
  const { clientId, kind, name } = await clients.calling(call.caller);
  const { signInId, secret, handOver, expiresAtMs } = await signIns.begin(call.context(), { id: clientId, kind, name }, Math.max(level, AssuranceLevel.LOW));
  return { signInId, signInSecret: secret, handOver, expiresAt: new Date(expiresAtMs) };
}
