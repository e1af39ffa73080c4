import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { AuthenticationServiceService } from '@tillid/contracts/authentication/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { accessRules } from '@tillid/contracts/access';
import { ProgressBook } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { Refused } from '@tillid/kernel';
import { describe, expect, it } from 'vitest';
import type { Call } from './call.js';
import { inMemoryService } from './in-memory-service.js';
import { RpcController, type Handlers } from './rpc-controller.js';
import { rulesAgainstControllers } from './rules-against-controllers.js';

@RpcController(KeyRingServiceService)
class KeyRing implements Handlers<typeof KeyRingServiceService> {
  calls: Call[] = [];
  useCitizenKey = async ({ citizenId }: { citizenId: string }, call: Call) => {
    this.calls.push(call);
    if (citizenId === 'destroyed') throw new Refused('key_ring.key_destroyed', 'not_found');
    if (citizenId === 'odd') throw new Refused('key_ring.on_holiday', 'not_found');
    return { key: Buffer.alloc(32, 1) };
  };
}

const consent = { kind: 'service', id: 'consent' } as const;

describe("a slice's controller in memory", () => {
  it('is called as over the wire, and refuses as over the wire', async () => {
    const keyRing = new KeyRing();
    const service = inMemoryService({ name: 'identity', controllers: [keyRing], store: inMemoryEventStore() });
    expect(await service.as(consent).call(KeyRingServiceService.useCitizenKey, { citizenId: 'a' })).toEqual({ key: Buffer.alloc(32, 1) });
    await expect(service.as(consent).call(KeyRingServiceService.useCitizenKey, { citizenId: 'destroyed' })).rejects.toMatchObject({ code: 'key_ring.key_destroyed', kind: 'not_found' });
    await expect(service.as({ kind: 'relying_service', id: 'bank' }).call(KeyRingServiceService.useCitizenKey, {})).rejects.toMatchObject({ code: 'call.not_allowed' });
    await expect(service.as({ kind: 'service', id: 'identity' }).call(KeyRingServiceService.useCitizenKey, {})).rejects.toMatchObject({ code: 'call.not_allowed' });
  });

  it('fails its spec by a refusal that the proto does not announce', async () => {
    const service = inMemoryService({ name: 'identity', controllers: [new KeyRing()], store: inMemoryEventStore() });
    await expect(service.as(consent).call(KeyRingServiceService.useCitizenKey, { citizenId: 'odd' })).rejects.toThrow('does not declare');
  });

  it('waits for a position it was given, no longer than the deadline', async () => {
    const progress = new ProgressBook();
    progress.moved('keys', 'authentication/0', 4);
    const service = inMemoryService({ name: 'identity', controllers: [new KeyRing()], store: inMemoryEventStore(), progress });
    const waiting = service.as(consent).call(KeyRingServiceService.useCitizenKey, {}, { minPosition: 'authentication/0@5' });
    progress.moved('keys', 'authentication/0', 5);
    await waiting;
    await expect(service.as(consent).call(KeyRingServiceService.useCitizenKey, {}, { minPosition: 'authentication/0@6', timeoutMs: 20 })).rejects.toMatchObject({ name: 'DeadlineExceeded' });
    await expect(service.as(consent).call(KeyRingServiceService.useCitizenKey, {}, { minPosition: 'authentication/0' })).rejects.toMatchObject({ code: 'call.malformed' });
  });

  it('gives commands ids that follow from what is done, where there is no key', async () => {
    const keyRing = new KeyRing();
    const service = inMemoryService({ name: 'identity', controllers: [keyRing], store: inMemoryEventStore() });
    for (const id of ['consent', 'audit']) await service.as({ kind: 'service', id }).call(KeyRingServiceService.useCitizenKey, {});
    const [first, second] = keyRing.calls;
    expect(first!.contextOf('link', 'a', 'b').commandId).toEqual(second!.contextOf('link', 'a', 'b').commandId);
    expect(first!.contextOf('link', 'a', 'b').commandId).not.toEqual(first!.contextOf('link', 'ab', '').commandId);
    expect(first!.context().commandId).not.toEqual(second!.context().commandId);
  });
});

describe('rules against controllers', () => {
  it('finds what nobody answers, and what has no rule', () => {
    const { '/tillid.identity.v1.KeyRingService/UseCitizenKey': rule } = accessRules;
    expect(rulesAgainstControllers([KeyRing], { '/tillid.identity.v1.KeyRingService/UseCitizenKey': rule! })).toEqual([]);
    expect(rulesAgainstControllers([KeyRing], {})).toEqual(['/tillid.identity.v1.KeyRingService/UseCitizenKey has no rule']);
    expect(rulesAgainstControllers([], { '/x': { callers: [], services: [] } })).toEqual(['/x may be called by nobody', '/x is answered by nobody']);
    expect(rulesAgainstControllers([], { '/x': { callers: ['service'], services: [] } })[0]).toContain('lets services in without naming them');
  });

  it('holds for every rpc of the proto: whatever changes anything asks for a key in its request', () => {
    const services = [AuthenticationServiceService, KeyRingServiceService, FeedServiceService];
    for (const rpc of services.flatMap((service) => Object.values(service))) {
      const hasKey = 'idempotencyKey' in (rpc.requestDeserialize(Buffer.alloc(0)) as object);
      expect([rpc.path, accessRules[rpc.path]?.changes]).toEqual([rpc.path, hasKey]);
    }
  });
});
