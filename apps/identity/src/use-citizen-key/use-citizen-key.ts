import { parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { IdentityParts, KeyRingHandlers } from '../identity.parts.js';

// Not the shape of a citizen id: what services ask for unknown ids must get its decoy, whatever it looks like.
const requestShape = z.object({ citizenId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) });

/** Recorded, then given. An unknown id gets a key that opens nothing, after the same reads and as many writes. */
export function useCitizenKey({ keyRing, keyUses }: IdentityParts): KeyRingHandlers['useCitizenKey'] {
  return async (request, call) => {
    const { citizenId } = parseRequest(requestShape, request);
    const service = call.caller.id;
    const use = await keyUses.use(citizenId, service, (day) => call.contextOf('use-citizen-key', citizenId, service, day));
    const key = use.isCitizens ? await keyRing.keyOf(citizenId) : await keyRing.decoyKeyOf(citizenId);
    use.given();
    return { key };
  };
}
