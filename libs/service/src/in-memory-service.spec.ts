import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { ProgressBook } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { Refused } from '@tillid/kernel';
import { describe, expect, it } from 'vitest';
import type { Call } from './call.js';
import { inMemoryService } from './in-memory-service.js';
import { RpcController, type Handlers } from './rpc-controller.js';

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
