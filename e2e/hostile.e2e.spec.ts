import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessRules, type CallerKind } from '@tillid/contracts/access';
import { GetReceiptRequest } from '@tillid/contracts/audit/v1/service';
import { BlockKeyRequest, EndSessionRequest } from '@tillid/contracts/authentication/v1/service';
import { addCitizen, signIn } from './support/citizen.js';
import { hostileRequests } from './support/hostile-bytes.js';
import { requestsWithOneBadField } from './support/hostile-requests.js';
import { RawCaller } from './support/raw-calls.js';
import { replayed } from './support/replayed.js';
import { type ServiceName, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';
import { wrongCertificates, wrongTokens } from './support/wrong-hands.js';

/** What a caller who sends rubbish may hear. INTERNAL and UNKNOWN are faults of ours; UNIMPLEMENTED would be a lie. */
const clearRefusals = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'PERMISSION_DENIED', 'UNAUTHENTICATED', 'RESOURCE_EXHAUSTED', 'ALREADY_EXISTS']);
/** The only things an attacker's calls may leave behind. */
const factsOfRefusal = new Set(['tillid.event.v1.CallRefused', 'tillid.authentication.v1.TokenMisused', 'tillid.authentication.v1.FactorRefused']);
const ownActsOfAudit = new Set(['tillid.audit.v1.HeadsSeen', 'tillid.audit.v1.OwnLogHeads', 'tillid.audit.v1.LogReplayed', 'tillid.audit.v1.EntriesRead', 'tillid.audit.v1.AccessLogRead', 'tillid.audit.v1.SourceReplayed', 'tillid.audit.v1.LogKeyAnnounced', 'tillid.event.v1.FeedRead', 'tillid.event.v1.SourceKeyAnnounced']);

/** A sign-in that has only begun is in no log. */
const storesNothing = new Set(['/tillid.authentication.v1.AuthenticationService/BeginSignIn']);

let system: System;
let callers: Readonly<Record<CallerKind, RawCaller>>;
let citizen: { readonly citizenId: string; readonly token: string; readonly sessionId: string };

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
  const letter = await addCitizen(system, '6705801234');
  citizen = { citizenId: letter.citizenId, ...(await signIn(system, letter)) };
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

  it('is nobody at all without a certificate, with a stale one, or with one of another authority', async () => {
    const outside = new Map([['none', new RawCaller(system.caller('operator', 'operator'), true)]]);
    for (const [name, folder] of await wrongCertificates(system, { kind: 'operator', id: 'operator' })) outside.set(name, new RawCaller(folder));
    for (const [name, caller] of outside) {
      for (const address of Object.values(system.running.grpc)) {
        for (const path of ['/tillid.feed.v1.FeedService/GetHead', '/grpc.health.v1.Health/Check']) {
          expect((await caller.call(address, path, Buffer.alloc(0), {}, 2_000)).status, `${name} at ${address}${path}`).toMatch(/UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED/);
        }
      }
      caller.close();
    }
    // And it was the certificate: the right one is answered there.
    for (const address of Object.values(system.running.grpc)) expect((await callers.operator.call(address, '/tillid.feed.v1.FeedService/GetHead', Buffer.alloc(0))).status).toBe('OK');
  });
});

describe('a token in the wrong hands', () => {
  it('opens nothing, whatever is wrong with it, at any rpc that asks for one', async () => {
    const agent = callers.citizen_agent;
    const asking = new Map(Object.entries(accessRules).flatMap(([path, { citizenToken }]) => (citizenToken === 'none' ? [] : [[path, Buffer.alloc(0)]])));
    expect(asking.size).toBeGreaterThanOrEqual(9);
    // The gate lets these through for callers who need none; what a citizen agent shows is looked at behind it.
    const idempotencyKey = 'x'.repeat(32);
    asking.set('/tillid.authentication.v1.AuthenticationService/BlockKey', Buffer.from(BlockKeyRequest.encode(BlockKeyRequest.fromPartial({ idempotencyKey, reason: 'own_wish' })).finish()));
    asking.set('/tillid.authentication.v1.AuthenticationService/EndSession', Buffer.from(EndSessionRequest.encode(EndSessionRequest.fromPartial({ idempotencyKey, sessionId: citizen.sessionId })).finish()));
    asking.set('/tillid.audit.v1.AuditService/GetReceipt', Buffer.from(GetReceiptRequest.encode(GetReceiptRequest.fromPartial({ leafIndex: 0 })).finish()));
    const wrong: string[] = [];
    for (const [name, token] of await wrongTokens(system, { kind: 'citizen_agent', id: 'tillid-agent' }, citizen)) {
      for (const [path, request] of asking) {
        for (const address of addressesOf(path)) {
          const { status } = await agent.call(address, path, request, token === '' ? {} : { authorization: `Bearer ${token}` });
          if (status !== 'UNAUTHENTICATED') wrong.push(`${path}, ${name}: ${status}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    // And it was the token: the right one is let in.
    const reads = ['/tillid.audit.v1.AuditService/ListAccessLog', '/tillid.authentication.v1.AuthenticationService/ListSessions', '/tillid.consent.v1.ConsentService/ListConsents'];
    for (const path of reads) expect((await agent.call(addressesOf(path)[0]!, path, Buffer.alloc(0), { authorization: `Bearer ${citizen.token}` })).status, path).toBe('OK');
  });
});

describe('a caller who sends rubbish', () => {
  it('gets a clear refusal from every rpc, stores nothing but the refusals that are facts, and nothing dies', async () => {
    const pids = JSON.stringify(system.running.pids);
    const before = await everythingReplayed();
    const wrong: string[] = [];
    const calls = new Map<string, number>();
    for (const [path, rule] of Object.entries(accessRules)) {
      for (const [name, bytes] of [...requestsWithOneBadField(path), ...hostileRequests(path.length)]) {
        for (const kind of rule.callers) {
          for (const address of addressesOf(path)) {
            const { status, details } = await callers[kind].call(address, path, bytes, kind === 'citizen_agent' ? { authorization: `Bearer ${citizen.token}` } : {});
            calls.set(status, (calls.get(status) ?? 0) + 1);
            if (status === 'OK' && (!rule.changes || storesNothing.has(path))) continue;
            if (!clearRefusals.has(status)) wrong.push(`${path} by ${kind}, ${name}: ${status} ${details}`);
            if (/at .*\.js:\d+|node:internal|SQLITE/.test(details)) wrong.push(`${path}, ${name}: tells about our insides: ${details}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(JSON.stringify(system.running.pids)).toBe(pids);
    // Past the gate: most of it was read, and refused for what it says.
    expect(calls.get('INVALID_ARGUMENT')).toBeGreaterThan(1000);

    const after = await everythingReplayed();
    const left = after.slice(before.length).filter(({ type }) => !ownActsOfAudit.has(type) && !factsOfRefusal.has(type));
    expect(left).toEqual([]);
    const verdict = await system.auditor('verify', '--entries');
    expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
  });
});

/** The ledger once it holds all that the services wrote: what was stored a moment ago must not be missed. */
async function everythingReplayed() {
  await until('every source is in the ledger', async () => (await system.auditor('compare')).code === 0);
  return replayed(system);
}

/** Packages of rpcs that the shell answers, in each service. */
const everyServices: ReadonlySet<string> = new Set(['feed', 'readmodels']);

function addressesOf(path: string): string[] {
  const { grpc } = system.running;
  const service = /^\/tillid\.([a-z]+)\./.exec(path)![1]!;
  return everyServices.has(service) ? serviceNames.map((name) => grpc[name]) : [grpc[service as ServiceName]];
}
