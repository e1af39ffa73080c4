import { randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { accessRules } from '../../libs/contracts/dist/access.js';
import { AuditServiceService } from '../../libs/contracts/dist/tillid/audit/v1/service.js';
import { AuthenticationServiceService } from '../../libs/contracts/dist/tillid/authentication/v1/service.js';
import { IdentityServiceService } from '../../libs/contracts/dist/tillid/identity/v1/service.js';
import { readTlsIdentity, rpcClient, rpcCredentials } from '../../libs/rpc/dist/index.js';

const services = { identity: IdentityServiceService, authentication: AuthenticationServiceService, audit: AuditServiceService };

/** Someone with a certificate. Calls that change anything get an idempotency key each. */
export function partyOf(system, kind, id) {
  const { grpc, callers } = system.running;
  const tls = readTlsIdentity(join(callers, kind, id));
  const party = {};
  for (const [name, service] of Object.entries(services)) {
    const client = rpcClient(service, grpc[name], rpcCredentials(tls, name));
    party[name] = Object.fromEntries(Object.entries(service).map(([method, { path }]) => [
      method,
      (request, options) => client[method](accessRules[path].changes ? { idempotencyKey: randomUUID(), ...request } : request, options),
    ]));
  }
  return party;
}

/** A relying service made the way a person makes one. */
export function newRelyingService(system, name) {
  const program = join(import.meta.dirname, '../../apps/tillid/bin/tillid.mjs');
  execFileSync(process.execPath, [program, 'client', 'add', name, '--data', system.data], { stdio: ['ignore', 'ignore', 'inherit'] });
  return partyOf(system, 'relying_service', name);
}

export function citizenAgent(system) {
  return partyOf(system, 'citizen_agent', 'tillid-agent');
}

export function officials(system) {
  return [partyOf(system, 'official', 'official-1'), partyOf(system, 'official', 'official-2')];
}

/** At most `atOnce` under way. */
export async function inParallel(count, atOnce, work) {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count) {
      const mine = next;
      next += 1;
      await work(mine);
    }
  }));
}
