import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { CallRefused, Event } from '@tillid/contracts/event/v1/event';
import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { issueCitizenToken, localTokenKeys, publicTokenKeys, rotateTokenKeys, systemIds, TokenRefused, verifyCitizenToken } from '@tillid/crypto';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { inMemoryService, RpcController, type Handlers } from '@tillid/service';
import { evening } from './installation.js';
import type { Act } from './kinds.js';

const issuer = 'tillid.example';
const keys = rotateTokenKeys([], evening - 1000, systemIds);
const thumbprint = systemIds.bytes(32).toString('base64url');
const claims = { audience: 'fjordbanken', subject: 'pseudonym', sessionId: 'session', level: AssuranceLevel.SUBSTANTIAL, thumbprint, tokenId: 'token-1' };
const shown = (wanted: Partial<typeof claims> = {}, atMs = evening, by = keys, change = (token: string) => token): Act => async () => {
  const { token } = await issueCitizenToken(by, issuer, claims, evening);
  try {
    await verifyCitizenToken(change(token), localTokenKeys(publicTokenKeys(keys)), { issuer, audience: wanted.audience ?? claims.audience, thumbprint: wanted.thumbprint ?? thumbprint }, atMs);
    return [];
  } catch (error) {
    return [error instanceof TokenRefused ? error.code : String(error)];
  }
};

@RpcController(KeyRingServiceService)
class KeyRing implements Handlers<typeof KeyRingServiceService> {
  useCitizenKey = async () => ({ key: Buffer.alloc(32, 1) });
}

export const byThief = {
  'X01': shown({ thumbprint: systemIds.bytes(32).toString('base64url') }),
  'X02': shown({ audience: 'another-bank' }),
  'X03': shown({}, evening + 10 * 60_000),
  'X04': shown({}, evening, rotateTokenKeys([], evening - 1000, systemIds)),
  'X05': shown({}, evening, keys, (token) => token.replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ sub: 'another' })).toString('base64url')}.`)),
  'X06': async () => {
    const store = inMemoryEventStore();
    const identity = inMemoryService({ name: 'identity', controllers: [new KeyRing()], store });
    const refused = await identity.as({ kind: 'relying_service', id: 'bank' }).call(KeyRingServiceService.useCitizenKey, { citizenId: 'a' }).then(() => 'let in', ({ code }: { code: string }) => code);
    const [recorded] = await store.readAll(0, 1);
    const event = recorded && Event.decode(recorded.bytes);
    return event?.type === 'tillid.event.v1.CallRefused' && CallRefused.decode(event.data) ? [refused] : [`${refused}, and nothing was recorded`];
  },
} satisfies Record<string, Act>;
