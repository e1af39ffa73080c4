import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessRules, type CallerKind } from '@tillid/contracts/access';
import { hostileRequests } from './support/hostile-bytes.js';
import { RawCaller } from './support/raw-calls.js';
import { replayed } from './support/replayed.js';
import { type ServiceName, serviceNames, System } from './support/system.js';

/** What a caller who sends rubbish may hear. INTERNAL and UNKNOWN are faults of ours; UNIMPLEMENTED would be a lie. */
const clearRefusals = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'PERMISSION_DENIED', 'UNAUTHENTICATED', 'RESOURCE_EXHAUSTED', 'ALREADY_EXISTS']);
/** The only things an attacker's calls may leave behind. */
const factsOfRefusal = new Set(['tillid.event.v1.CallRefused', 'tillid.authentication.v1.TokenMisused', 'tillid.authentication.v1.FactorRefused']);
const ownActsOfAudit = new Set(['tillid.audit.v1.HeadsSeen', 'tillid.audit.v1.LogReplayed', 'tillid.audit.v1.AccessLogRead', 'tillid.event.v1.SourceKeyAnnounced']);

let system: System;
let callers: Readonly<Record<CallerKind, RawCaller>>;

beforeAll(async () => {
  system = await System.start(21_400);
  const added = await system.tillid('client', 'add', 'hostile-bank');
  expect(added.code, added.stderr).toBe(0);
  callers = {
    relying_service: new RawCaller(system.caller('relying_service', 'hostile-bank')),
    citizen_agent: new RawCaller(system.caller('citizen_agent', 'tillid-agent')),
    operator: new RawCaller(system.caller('operator', 'operator')),
    official: new RawCaller(system.caller('official', 'official-1')),
    auditor: new RawCaller(system.caller('auditor', 'auditor')),
    // A service's certificate in the wrong hands; consent's, which may call least.
    service: new RawCaller(`${system.data}/consent/tls`),
  };
});

afterAll(async () => {
  for (const caller of Object.values(callers ?? {})) caller.close();
  await system?.remove();
});

describe('who may call what', () => {
  it('is a rule for all that is registered, and each rule is answered where it belongs', async () => {
    for (const name of serviceNames) {
      const address = system.running.grpc[name];
      const ruled = Object.keys(accessRules).filter((path) => addressesOf(path).includes(address));
      expect((await callers.auditor.reflected(address)).toSorted(), name).toEqual([...new Set(ruled.map((path) => path.split('/')[1]!))].toSorted());
    }
  });

  it('is a rule in the contract for every rpc; nobody else gets through, whatever certificate they hold', async () => {
    const wrong: string[] = [];
    for (const [path, rule] of Object.entries(accessRules)) {
      for (const [kind, caller] of Object.entries(callers) as [CallerKind, RawCaller][]) {
        if (rule.callers.includes(kind)) continue;
        for (const address of addressesOf(path)) {
          const { status } = await caller.call(address, path, Buffer.alloc(0));
          if (status !== 'PERMISSION_DENIED' && status !== 'RESOURCE_EXHAUSTED') wrong.push(`${kind} ${path}: ${status}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is nobody at all without a certificate', async () => {
    const anonymous = new RawCaller(system.caller('operator', 'operator'), true);
    for (const path of Object.keys(accessRules)) {
      for (const address of addressesOf(path)) expect((await anonymous.call(address, path, Buffer.alloc(0), {}, 2_000)).status, path).toMatch(/UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED/);
      break;
    }
    anonymous.close();
  });
});

describe('a caller who sends rubbish', () => {
  it('gets a clear refusal from every rpc, stores nothing but the refusals that are facts, and nothing dies', async () => {
    const pids = JSON.stringify(system.running.pids);
    const before = await replayed(system);
    const wrong: string[] = [];
    for (const [path, rule] of Object.entries(accessRules)) {
      for (const [name, bytes] of hostileRequests(path.length)) {
        for (const kind of rule.callers) {
          for (const address of addressesOf(path)) {
            const { status, details } = await callers[kind].call(address, path, bytes, { authorization: 'Bearer e30.e30.e30' });
            if (status === 'OK' && !rule.changes) continue;
            if (!clearRefusals.has(status)) wrong.push(`${path} by ${kind}, ${name}: ${status} ${details}`);
            if (/at .*\.js:\d+|node:internal|SQLITE/.test(details)) wrong.push(`${path}, ${name}: tells about our insides: ${details}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(JSON.stringify(system.running.pids)).toBe(pids);

    const after = await replayed(system);
    const left = after.slice(before.length).filter(({ type }) => !ownActsOfAudit.has(type) && !factsOfRefusal.has(type));
    expect(left).toEqual([]);
    const verdict = await system.auditor('verify', '--entries');
    expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
  });
});

function addressesOf(path: string): string[] {
  const { grpc } = system.running;
  const service = /^\/tillid\.([a-z]+)\./.exec(path)![1]!;
  return service === 'feed' ? serviceNames.map((name) => grpc[name]) : [grpc[service as ServiceName]];
}
