import { accessRules } from '@tillid/contracts/access';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { AuthenticationServiceService, SubjectServiceService } from '@tillid/contracts/authentication/v1/service';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { IdentityServiceService, KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { ReadModelServiceService } from '@tillid/contracts/readmodels/v1/service';
import type { RpcDefinition } from '@tillid/rpc';
import { describe, expect, it } from 'vitest';
import { registeredRpcs } from './registered-rpcs.js';
import { RpcController, type Handlers } from './rpc-controller.js';

@RpcController(KeyRingServiceService)
class KeyRing implements Handlers<typeof KeyRingServiceService> {
  useCitizenKey = () => Promise.resolve({ key: Buffer.alloc(32) });
}

const services = [AuditServiceService, AuthenticationServiceService, SubjectServiceService, ConsentServiceService, FeedServiceService, IdentityServiceService, KeyRingServiceService, ReadModelServiceService];
const rpcs = services.flatMap((service): RpcDefinition[] => Object.values(service));
/** Asked for by its slice where a replay begins, which is recorded under it; a reader who resumes brings none. */
const keyIsOptional = '/tillid.audit.v1.AuditService/Replay';

describe('an rpc', () => {
  it('is registered with its rule, and a service that has one without does not start', () => {
    expect(registeredRpcs([new KeyRing()]).map(({ definition }) => definition.path)).toEqual(['/tillid.identity.v1.KeyRingService/UseCitizenKey']);
    expect(() => registeredRpcs([new KeyRing()], {})).toThrow('/tillid.identity.v1.KeyRingService/UseCitizenKey has no access rule');
  });
});

describe('the rules of the contract', () => {
  it('are one for every rpc there is, and none besides', () => {
    expect(rpcs.map(({ path }) => path).toSorted()).toEqual(Object.keys(accessRules).toSorted());
  });

  it('let somebody in, and name the services wherever services are let in', () => {
    for (const [path, { callers, services: named }] of Object.entries(accessRules)) {
      expect(callers, path).not.toEqual([]);
      expect(named.length > 0, path).toBe(callers.includes('service'));
    }
  });

  it('ask for a key of whatever changes anything, and its request has a field for it', () => {
    for (const { path, requestDeserialize } of rpcs) {
      const hasKey = 'idempotencyKey' in (requestDeserialize(Buffer.alloc(0)) as object);
      expect([path, accessRules[path]?.changes]).toEqual([path, hasKey && path !== keyIsOptional]);
    }
  });

  it("open the citizen's own rooms to citizen agents alone", () => {
    for (const [path, { callers, citizenToken }] of Object.entries(accessRules)) if (citizenToken === 'own_rooms') expect(callers, path).toEqual(['citizen_agent']);
  });
});
